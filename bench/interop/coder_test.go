package interop

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	zerowire "github.com/zerowire/websocket"
)

type coder struct{}

func (coder) Dial(t *testing.T, url string, s settings) (end, error) {
	opts := websocket.DialOptions{
		Subprotocols:         s.subprotocols,
		HTTPHeader:           http.Header{},
		CompressionMode:      coderCompression(s.deflate),
		CompressionThreshold: 1,
	}
	if s.origin != "" {
		opts.HTTPHeader.Set("Origin", s.origin)
	}
	c, resp, err := websocket.Dial(t.Context(), url, &opts)
	if err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, refused(resp.StatusCode)
	}
	if err != nil {
		return nil, err
	}
	return newCoderEnd(t, c, s), nil
}

func (coder) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	opts := websocket.AcceptOptions{
		Subprotocols:         s.subprotocols,
		CompressionMode:      coderCompression(s.deflate),
		CompressionThreshold: 1,
	}
	serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, &opts); err == nil {
			accepted <- newCoderEnd(t, c, s)
		}
	})
	return wsURL(ln), accepted
}

func coderCompression(d deflate) websocket.CompressionMode {
	switch {
	case !d.on:
		return websocket.CompressionDisabled
	case d.takeover:
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionNoContextTakeover
}

type coderEnd struct {
	conn *websocket.Conn
	inbox
}

func newCoderEnd(t *testing.T, c *websocket.Conn, s settings) *coderEnd {
	e := &coderEnd{conn: c, inbox: newInbox()}
	c.SetReadLimit(s.limitOr(roomy))
	t.Cleanup(func() { c.CloseNow() })
	go e.read()
	return e
}

func (e *coderEnd) read() {
	defer e.conn.CloseNow()
	for {
		op, p, err := e.conn.Read(context.Background())
		if closed, ok := errors.AsType[websocket.CloseError](err); ok {
			e.ended(zerowire.StatusCode(closed.Code), closed.Reason)
			return
		}
		if err != nil {
			e.ended(zerowire.StatusAbnormalClosure, "")
			return
		}
		e.received(zerowire.Opcode(op), p)
	}
}

func (e *coderEnd) Subprotocol() string { return e.conn.Subprotocol() }

func (e *coderEnd) Send(op zerowire.Opcode, parts ...[]byte) error {
	ctx := context.Background()
	if len(parts) == 1 {
		return e.conn.Write(ctx, websocket.MessageType(op), parts[0])
	}
	w, err := e.conn.Writer(ctx, websocket.MessageType(op))
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Close()
}

func (e *coderEnd) Ping(ctx context.Context) error { return e.conn.Ping(ctx) }

func (e *coderEnd) Close(code zerowire.StatusCode, reason string) error {
	return e.conn.Close(websocket.StatusCode(code), reason)
}
