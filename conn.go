package websocket

import (
	"errors"
	"net"
	"runtime/debug"

	"github.com/zerowire/websocket/codec"
)

// Conn is one WebSocket connection, after its opening handshake.
//
// All methods may be called concurrently, except that only one goroutine may
// read at a time. Somebody has to read: the library answers pings and closing
// handshakes when it meets them on the way to the next message. Every Conn has
// to be closed, with Close or CloseNow, unless a Server serves it, which does
// so when the Handler is done.
type Conn struct {
	nc       net.Conn
	role     Role
	settings *settings
	protocol string

	in  reader   // conn_read.go, conn_wait.go
	out writer   // conn_write.go
	end lifetime // conn_close.go
}

// newConn makes the Conn of an opening handshake that is done. early is what
// arrived behind the handshake: the first frames.
func newConn(nc net.Conn, role Role, set *settings, protocol string, early []byte) *Conn {
	c := &Conn{nc: nc, role: role, settings: set, protocol: protocol}
	c.in.decoder = codec.Decoder{Role: role, MaxMessage: uint64(set.MaxMessage)}
	if len(early) > 0 {
		c.in.decoder.Commit(copy(c.in.decoder.Space(len(early)), early))
	}
	c.out.encoder.Role = role
	c.end.turn = make(chan struct{}, 1)
	return c
}

// Subprotocol returns the sub-protocol that the opening handshake agreed on, or
// "".
func (c *Conn) Subprotocol() string { return c.protocol }

// RemoteAddr returns the network address of the peer, or of the proxy before it.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// LocalAddr returns the network address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// run serves the connection with h on the calling goroutine, until it has
// ended.
func (c *Conn) run(h Handler) {
	defer c.CloseNow()
	if serve, ok := h.(blocking); ok {
		code := StatusNormalClosure
		if c.guard(func() { serve(c) }) {
			code = StatusInternalError
		}
		c.Close(code, "")
		return
	}
	c.in.busy.Store(true)
	c.in.events = true
	defer c.in.free()
	err := errPanic
	if c.guard(func() { err = c.deliver(h) }) {
		c.sendClose(StatusInternalError, "")
		c.linger()
	}
	c.guard(func() { h.Close(c, err) })
}

// deliver hands messages to h until the connection ends.
func (c *Conn) deliver(h Handler) error {
	h.Open(c)
	for {
		op, p, err := c.readMessage()
		if err != nil {
			return err
		}
		h.Message(c, op, p)
	}
}

// errPanic ends a connection whose Handler panicked.
var errPanic = errors.New("websocket: the connection's Handler panicked")

// guard calls f and reports whether it panicked, which it logs: one connection's
// fault is nobody else's.
func (c *Conn) guard(f func()) (panicked bool) {
	defer func() {
		if r := recover(); r != nil {
			logPanic(c.settings, r)
			panicked = true
		}
	}()
	f()
	return false
}

func logPanic(set *settings, reason any) {
	set.Logger.Error("websocket: panic in a handler", "panic", reason, "stack", string(debug.Stack()))
}
