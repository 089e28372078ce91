package interop

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	zerowire "github.com/zerowire/websocket"
)

type gorilla struct{}

func (gorilla) Dial(t *testing.T, url string, s settings) (end, error) {
	d := websocket.Dialer{Subprotocols: s.subprotocols, EnableCompression: s.deflate.on}
	header := http.Header{}
	if s.origin != "" {
		header.Set("Origin", s.origin)
	}
	c, resp, err := d.DialContext(t.Context(), url, header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		return nil, refused(resp.StatusCode)
	}
	if err != nil {
		return nil, err
	}
	return newGorillaEnd(t, c, s), nil
}

func (gorilla) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	u := websocket.Upgrader{Subprotocols: s.subprotocols, EnableCompression: s.deflate.on}
	serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
		if c, err := u.Upgrade(w, r, nil); err == nil {
			accepted <- newGorillaEnd(t, c, s)
		}
	})
	return wsURL(ln), accepted
}

type gorillaEnd struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
	inbox
}

func newGorillaEnd(t *testing.T, c *websocket.Conn, s settings) *gorillaEnd {
	e := &gorillaEnd{conn: c, inbox: newInbox()}
	c.SetReadLimit(s.limitOr(roomy))
	c.SetPongHandler(func(p string) error {
		e.pongs <- []byte(p)
		return nil
	})
	t.Cleanup(func() { c.Close() })
	go e.read()
	return e
}

func (e *gorillaEnd) read() {
	defer e.conn.Close()
	for {
		op, p, err := e.conn.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			e.ended(zerowire.StatusCode(closed.Code), closed.Text)
			return
		}
		if err != nil {
			e.ended(zerowire.StatusAbnormalClosure, "")
			return
		}
		e.received(zerowire.Opcode(op), p)
	}
}

func (e *gorillaEnd) Subprotocol() string { return e.conn.Subprotocol() }

func (e *gorillaEnd) Send(op zerowire.Opcode, parts ...[]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(parts) == 1 {
		return e.conn.WriteMessage(int(op), parts[0])
	}
	w, err := e.conn.NextWriter(int(op))
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

func (e *gorillaEnd) Ping(ctx context.Context) error {
	payload := []byte("from gorilla")
	if err := e.conn.WriteControl(websocket.PingMessage, payload, time.Now().Add(patience)); err != nil {
		return err
	}
	return e.awaitPong(ctx, payload)
}

func (e *gorillaEnd) Close(code zerowire.StatusCode, reason string) error {
	return e.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), reason), time.Now().Add(patience))
}
