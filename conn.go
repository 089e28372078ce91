package websocket

import (
	"net"
	"sync/atomic"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/internal/transport"
)

// Locks and callbacks. A Conn has two leaf locks, and holds at most one of them at a time:
//
//   - in.wait.mu guards the deadline of the current read, and what may interrupt it
//     (conn_wait.go): contexts, the closing handshake, and an application that wants to
//     read while the library reads.
//   - out.mu guards the outbox (conn_send.go), Pings that wait for a Pong, and the
//     functions of AfterClose and BeforeClose.
//
// The other fields of the receiving half belong to the goroutine that owns reading
// (conn_owner.go). No callback is called under a lock, except Hooks.Sent under out.mu.
// No lock is held while waiting for the network.

// Conn is a WebSocket connection, after its opening handshake.
//
// All methods may be called concurrently, with one exception: only one goroutine may
// read at a time. Every Conn must be closed with [Conn.Close] or [Conn.CloseNow]. A
// [Server] and [Conn.Serve] close it when the [Handler] is done.
type Conn struct {
	link
	in       receiving
	out      sending
	attached atomic.Pointer[attached] // conn_value.go; nil without any
}

// link is what both halves of a Conn share.
type link struct {
	transport transport.Transport
	settings  *settings
	life      session.Lifecycle
	conn      *Conn // for hooks, and to end the connection
}

func newConn(nc net.Conn, role Role, set *settings, subprotocol string, ext extension, early []byte, r *Request) *Conn {
	c := &Conn{}
	c.settings, c.conn, c.out.link = set, c, &c.link
	if subprotocol != "" {
		c.attached.Store(&attached{subprotocol: subprotocol})
	}
	c.transport.Init(nc)
	c.in.Decoder = codec.Decoder{Role: role}
	c.out.Encoder.Role = role
	if ext.on {
		c.out.compression = newCompression(role, ext.params, set)
		c.in.Inflater = &c.out.compression.In
		c.in.Decoder.RSV, c.out.Encoder.RSV = codec.RSV1, codec.RSV1
	}
	c.in.SetLimit(set.MaxMessage)
	if len(early) > 0 {
		c.in.Decoder.Commit(copy(c.in.Decoder.Space(len(early)), early))
	}
	now := instant.Now()
	c.in.alive.Heard, c.in.alive.Message = now, now
	c.in.wait.alive = c.in.alive.Due(set.limits)
	if set.Hooks.Opened != nil {
		c.callOpened(r)
	}
	return c
}

// callOpened calls Hooks.Opened, and closes the connection if that panics.
func (c *Conn) callOpened(r *Request) {
	returned := false
	defer func() {
		if !returned {
			c.CloseNow()
		}
	}()
	c.settings.Hooks.Opened(c, r)
	returned = true
}

// Extensions returns the negotiated extensions in the syntax of
// Sec-WebSocket-Extensions: permessage-deflate with its parameters, or "" if there is
// none (RFC 6455 §9.1).
func (c *Conn) Extensions() string {
	if c.out.compression == nil {
		return ""
	}
	return c.out.compression.Params.String()
}

// RemoteAddr returns the network address of the peer, or of the proxy in between.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.Conn().RemoteAddr() }

// LocalAddr returns the local network address.
func (c *Conn) LocalAddr() net.Addr { return c.transport.Conn().LocalAddr() }

// SetMaxMessage replaces Options.MaxMessage for this connection. n is the limit in
// bytes for messages received from now on; 0 or less means no limit. If no goroutine is
// reading, for example in a [Handler]'s method, the new limit applies immediately.
// Otherwise it applies to all bytes that the current read receives from now on.
func (c *Conn) SetMaxMessage(n int64) {
	n = max(n, 0)
	c.in.wait.limit.Store(&n)
	if c.takeIdle() {
		c.applyLimit()
		c.in.owner.yield()
		c.watchReading() // in case the watch has found reading owned
	}
}

// applyLimit applies the limit of SetMaxMessage, if there is a new one.
func (c *Conn) applyLimit() {
	if c.in.wait.limit.Load() == nil {
		return
	}
	if n := c.in.wait.limit.Swap(nil); n != nil {
		c.in.SetLimit(*n)
	}
}
