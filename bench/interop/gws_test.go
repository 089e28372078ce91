package interop

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/lxzan/gws"

	zerowire "github.com/zerowire/websocket"
)

type lxzan struct{}

func (lxzan) Dial(t *testing.T, url string, s settings) (end, error) {
	e := &gwsEnd{inbox: newInbox()}
	opts := gws.ClientOption{
		Addr:               url,
		RequestHeader:      http.Header{},
		ReadMaxPayloadSize: int(s.limitOr(roomy)),
		PermessageDeflate:  gwsCompression(s.deflate),
	}
	if s.origin != "" {
		opts.RequestHeader.Set("Origin", s.origin)
	}
	if s.subprotocols != nil {
		opts.RequestHeader.Set("Sec-WebSocket-Protocol", strings.Join(s.subprotocols, ", "))
	}
	c, resp, err := gws.NewClient(e, &opts)
	if err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, refused(resp.StatusCode)
	}
	if err != nil {
		return nil, err
	}
	e.conn = c
	t.Cleanup(func() { c.NetConn().Close() })
	go c.ReadLoop()
	return e, nil
}

func (lxzan) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	u := gws.NewUpgrader(&gwsEnd{inbox: newInbox(), accepted: accepted}, &gws.ServerOption{
		SubProtocols:       s.subprotocols,
		ReadMaxPayloadSize: int(s.limitOr(roomy)),
		PermessageDeflate:  gwsCompression(s.deflate),
	})
	// Not gws's own Server, which spins when its listener is closed.
	serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
		if c, err := u.Upgrade(w, r); err == nil {
			t.Cleanup(func() { c.NetConn().Close() })
			c.ReadLoop()
		}
	})
	return wsURL(ln), accepted
}

func gwsCompression(d deflate) gws.PermessageDeflate {
	return gws.PermessageDeflate{
		Enabled:               d.on,
		Threshold:             1,
		PoolSize:              1, // of 32 otherwise, a megabyte each
		ServerContextTakeover: d.takeover,
		ClientContextTakeover: d.takeover,
		ServerMaxWindowBits:   d.bits,
		ClientMaxWindowBits:   d.bits,
	}
}

// gwsEnd is the handler of one connection.
type gwsEnd struct {
	conn *gws.Conn
	inbox
	accepted chan<- end // nil for a client
}

func (e *gwsEnd) OnOpen(c *gws.Conn) {
	if e.accepted != nil {
		e.conn = c
		e.accepted <- e
	}
}

func (e *gwsEnd) OnMessage(_ *gws.Conn, m *gws.Message) {
	e.received(zerowire.Opcode(m.Opcode), m.Bytes())
	m.Close()
}

func (e *gwsEnd) OnPing(c *gws.Conn, p []byte) { c.WritePong(p) }
func (e *gwsEnd) OnPong(_ *gws.Conn, p []byte) { e.pongs <- bytes.Clone(p) }

func (e *gwsEnd) OnClose(c *gws.Conn, err error) {
	c.NetConn().Close()
	closed, ok := errors.AsType[*gws.CloseError](err)
	switch {
	case !ok:
		e.ended(zerowire.StatusAbnormalClosure, "")
	case closed.Code == 0: // what gws makes of an empty Close frame
		e.ended(zerowire.StatusNoStatusReceived, "")
	default:
		e.ended(zerowire.StatusCode(closed.Code), string(closed.Reason))
	}
}

func (e *gwsEnd) Subprotocol() string { return e.conn.SubProtocol() }

// Send sends frames of 128 KiB if there are several parts: gws does so with what
// it reads.
func (e *gwsEnd) Send(op zerowire.Opcode, parts ...[]byte) error {
	if len(parts) == 1 {
		return e.conn.WriteMessage(gws.Opcode(op), parts[0])
	}
	return e.conn.WriteFile(gws.Opcode(op), bytes.NewReader(bytes.Join(parts, nil)))
}

func (e *gwsEnd) Ping(ctx context.Context) error {
	payload := []byte("from gws")
	if err := e.conn.WritePing(payload); err != nil {
		return err
	}
	return e.awaitPong(ctx, payload)
}

func (e *gwsEnd) Close(code zerowire.StatusCode, reason string) error {
	return e.conn.WriteClose(uint16(code), []byte(reason))
}
