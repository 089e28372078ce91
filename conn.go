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
// read at a time. Every Conn has to be closed, with Close or CloseNow; a Server
// and Serve do so when the Handler is done.
type Conn struct {
	socket   socket // socket.go
	role     Role
	settings *settings
	protocol string

	in  reader   // conn_read.go, conn_turn.go, conn_wait.go
	out writer   // conn_write.go, conn_queue.go
	rtt pings    // conn_ping.go
	end lifetime // conn_close.go
}

// NewConn makes a Conn of a connection on which the opening handshake was done
// elsewhere, at the end that role names. It takes over nc. subprotocol is what
// the handshake agreed on, or "". early is what was received behind the
// handshake, the first frames; it is copied. opts may be nil.
func NewConn(nc net.Conn, role Role, subprotocol string, early []byte, opts *Options) *Conn {
	if opts == nil {
		opts = new(Options)
	}
	c := newConn(nc, role, opts.resolve(), subprotocol, early)
	c.watchReader()
	return c
}

func newConn(nc net.Conn, role Role, set *settings, subprotocol string, early []byte) *Conn {
	c := &Conn{role: role, settings: set, protocol: subprotocol}
	c.socket.init(nc)
	c.in.decoder = codec.Decoder{Role: role, MaxMessage: uint64(set.MaxMessage)}
	if len(early) > 0 {
		c.in.decoder.Commit(copy(c.in.decoder.Space(len(early)), early))
	}
	c.in.init(now(), set)
	c.out.encoder.Role = role
	if set.Hooks.Opened != nil {
		set.Hooks.Opened(c)
	}
	return c
}

// Subprotocol returns the sub-protocol that the opening handshake agreed on, or
// "".
func (c *Conn) Subprotocol() string { return c.protocol }

// RemoteAddr returns the network address of the peer, or of the proxy before it.
func (c *Conn) RemoteAddr() net.Addr { return c.socket.nc.RemoteAddr() }

// LocalAddr returns the network address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.socket.nc.LocalAddr() }

// Serve serves the connection with h on the calling goroutine, and returns when
// it has ended, with what ended it. It is for connections that no Server serves:
// of Dial, Upgrade and NewConn. It returns ErrConcurrentRead, and does nothing, if
// somebody reads.
func (c *Conn) Serve(h Handler) error {
	if serve, ok := h.(blocking); ok {
		defer c.CloseNow()
		c.watchReader()
		code := StatusNormalClosure
		if c.guard(func() { serve(c) }) {
			code = StatusInternalError
		}
		return c.Close(code, "")
	}
	if !c.in.turn.take(eventLoop) {
		return ErrConcurrentRead
	}
	defer c.in.free()
	defer c.CloseNow()
	err := errPanic
	if c.guard(func() { err = c.deliver(h) }) {
		c.in.err = errPanic
		c.sendClose(StatusInternalError, "")
		c.linger()
	}
	c.guard(func() { h.Close(c, err) })
	return err
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
