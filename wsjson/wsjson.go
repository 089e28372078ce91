// Package wsjson reads and writes messages that are JSON texts (RFC 8259).
package wsjson

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zerowire/websocket"
)

// Read reads the next message of c and decodes it to v with [json.Unmarshal]. v must be a
// pointer. Errors of the connection are those of [websocket.Conn.Read]. If the message is not
// JSON or does not fit v, Read returns an error, and the connection stays usable: continue to
// read, or close it with StatusInvalidPayload. Only one goroutine may read at a time.
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

// Write encodes v with [json.Marshal] and writes it to c as a text message. It may be called
// concurrently. Errors of the connection are those of [websocket.Conn.Write].
func Write(ctx context.Context, c *websocket.Conn, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("wsjson: %w", err)
	}
	return c.Write(ctx, websocket.OpText, p)
}
