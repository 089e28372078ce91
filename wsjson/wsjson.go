// Package wsjson reads and writes messages that are JSON texts (RFC 8259).
package wsjson

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zerowire/websocket"
)

// Read reads the next message of c into v, as json.Unmarshal does. Errors of the
// connection are those of Conn.Read. A message that is no JSON text, or does not
// fit v, is an error too, and leaves the connection as it is: read on, or close
// it with StatusInvalidPayload.
func Read(ctx context.Context, c *websocket.Conn, v any) error {
	_, p, err := c.Read(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(p, v); err != nil {
		return fmt.Errorf("wsjson: %w", err)
	}
	return nil
}

// Write writes v to c as a text message, as json.Marshal does. It may be called
// concurrently. Errors of the connection are those of Conn.Write.
func Write(ctx context.Context, c *websocket.Conn, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("wsjson: %w", err)
	}
	return c.Write(ctx, websocket.OpText, p)
}
