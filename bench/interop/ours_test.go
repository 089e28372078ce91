package interop

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/zerowire/websocket"
)

// ours is this library, in the event form or in the blocking one, served on a
// bare listener or through net/http.
type ours struct {
	name    string
	events  bool
	netHTTP bool
}

var (
	oursEvents   = ours{name: "events", events: true}
	oursBlocking = ours{name: "blocking"}
	oursUpgrade  = ours{name: "net-http", netHTTP: true}
)

func (o ours) Dial(t *testing.T, url string, s settings) (end, error) {
	opts := websocket.DialOptions{Options: options(s)}
	if s.origin != "" {
		opts.Header = http.Header{"Origin": {s.origin}}
	}
	c, err := websocket.Dial(t.Context(), url, &opts)
	if no, ok := errors.AsType[*websocket.HandshakeError](err); ok && no.Status != http.StatusSwitchingProtocols {
		return nil, refused(no.Status)
	}
	if err != nil {
		return nil, err
	}
	return o.begin(t, c), nil
}

// begin reads c in the form of o until the test ends.
func (o ours) begin(t *testing.T, c *websocket.Conn) end {
	t.Cleanup(func() { c.CloseNow() })
	e := &ourEnd{conn: c, inbox: newInbox()}
	if o.events {
		opened := make(chan end, 1)
		go c.Serve(&ourHandler{ourEnd: e, opened: opened})
		<-opened // from now on what is received comes to the Handler
	} else {
		go e.read()
	}
	return e
}

func (o ours) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	opts := options(s)
	blocking := func(c *websocket.Conn) {
		e := &ourEnd{conn: c, inbox: newInbox()}
		accepted <- e
		e.read()
	}
	if o.netHTTP {
		serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Upgrade(w, r, &opts)
			if err != nil {
				return
			}
			defer c.CloseNow()
			blocking(c)
		})
		return wsURL(ln), accepted
	}
	srv := &websocket.Server{Options: opts}
	if o.events {
		srv.Handler = &ourHandler{ourEnd: &ourEnd{inbox: newInbox()}, opened: accepted}
	} else {
		srv.Handler = websocket.Blocking(blocking)
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return wsURL(ln), accepted
}

func options(s settings) websocket.Options {
	o := websocket.Options{Subprotocols: s.subprotocols, MaxMessage: s.limit}
	if s.deflate.on {
		o.Compression = &websocket.Compression{Takeover: s.deflate.takeover, WindowBits: s.deflate.bits, Threshold: -1}
	}
	return o
}

// listen listens on a free port.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("net.Listen: %v", err)
	}
	return ln
}

func wsURL(ln net.Listener) string { return "ws://" + ln.Addr().String() + "/" }

// serveHTTP serves ln until the test ends.
func serveHTTP(t *testing.T, ln net.Listener, serve http.HandlerFunc) {
	srv := &http.Server{Handler: serve}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
}

// ourEnd is an end of this library.
type ourEnd struct {
	conn *websocket.Conn
	inbox
}

func (e *ourEnd) Subprotocol() string { return e.conn.Subprotocol() }

func (e *ourEnd) Send(op websocket.Opcode, parts ...[]byte) error {
	ctx := context.Background()
	if len(parts) == 1 {
		return e.conn.Write(ctx, op, parts[0])
	}
	w, err := e.conn.Writer(ctx, op)
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

func (e *ourEnd) Ping(ctx context.Context) error {
	_, err := e.conn.Ping(ctx)
	return err
}

func (e *ourEnd) Close(code websocket.StatusCode, reason string) error {
	return e.conn.Close(code, reason)
}

// read is the blocking form.
func (e *ourEnd) read() {
	for {
		op, p, err := e.conn.Read(context.Background())
		if err != nil {
			e.fail(err)
			return
		}
		e.received(op, p)
	}
}

// fail notes what err says about the end of the connection.
func (e *ourEnd) fail(err error) {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Err == nil {
		e.ended(closed.Code, closed.Reason)
		return
	}
	e.ended(websocket.CloseStatus(err), "")
}

// ourHandler is the event form, of one connection.
type ourHandler struct {
	*ourEnd
	opened chan<- end
}

func (h *ourHandler) Open(c *websocket.Conn) {
	h.conn = c
	h.opened <- h.ourEnd
}

func (h *ourHandler) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) { h.received(op, p) }

func (h *ourHandler) Close(_ *websocket.Conn, err error) { h.fail(err) }
