package conform

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// probe finds out whether the server echoes: without that no case tells
// anything.
func (t *target) probe(ctx context.Context) error {
	nc, _, err := t.open(ctx, "")
	if err != nil {
		return err
	}
	c, err := websocket.NewConn(nc, websocket.RoleClient, websocket.Handshake{}, nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	if err := echoes(ctx, c, t.patience); err != nil {
		return fmt.Errorf("%s: %w; the server under test has to send every message back as it came, and nothing else", t.URL, err)
	}
	c.Close(websocket.StatusNormalClosure, "")
	return nil
}

// echoes sends a text that nobody can know, and wants it back.
func echoes(ctx context.Context, c *websocket.Conn, patience time.Duration) error {
	sent := []byte("zerowire conform " + rand.Text())
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.Write(ctx, websocket.OpText, sent); err != nil {
		return fmt.Errorf("sending a text: %w", err)
	}
	op, p, err := c.Read(ctx)
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Err == nil {
		return fmt.Errorf("a text was answered with Close %d %q", closed.Code, closed.Reason)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("a text was not answered within %s", patience)
	case err != nil:
		return fmt.Errorf("a text was answered with the end of the connection: %w", err)
	case op != websocket.OpText || !bytes.Equal(p, sent):
		return fmt.Errorf("the %s %.60q was answered with the %s %.60q", codec.OpText, sent, op, p)
	}
	return nil
}
