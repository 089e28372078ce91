package websocket

import (
	"net"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/internal/transport"
)

// Conn is one WebSocket connection, after its opening handshake.
//
// All methods may be called concurrently, except that only one goroutine may
// read at a time. Every Conn has to be closed, with Close or CloseNow; a Server
// and Serve do so when the Handler is done.
//
// # Locks and callbacks
//
// A Conn has two locks, and holds one of them at a time:
//
//   - in.mu guards the deadline of the read under way, and what may interrupt it
//     (conn_wait.go): contexts, the closing handshake, the application that wants
//     to read where the library does.
//   - out.mu guards the outbox (conn_send.go), the Pings that wait for a Pong, and
//     the functions to be called at the end.
//
// The rest of the receiving half belongs to the goroutine that owns reading
// (conn_owner.go). Nothing is called under a lock, except Hooks.Sent under out.mu;
// and nothing waits for the network under one.
type Conn struct {
	transport transport.Transport
	settings  *settings
	life      session.Lifecycle
	in        receiving
	out       sending
	protocol  string
	role      Role
	counted   bool // its end is in the Server's books, whose mu guards it
}

func newConn(nc net.Conn, role Role, set *settings, subprotocol string, ext extension, early []byte) *Conn {
	c := &Conn{role: role, settings: set, protocol: subprotocol}
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
		set.Hooks.Opened(c)
	}
	return c
}

// Subprotocol returns the sub-protocol that the opening handshake agreed on, or
// "".
func (c *Conn) Subprotocol() string { return c.protocol }

// Extensions returns the extensions that the opening handshake agreed on, as
// Sec-WebSocket-Extensions names them: permessage-deflate with its parameters, or "".
func (c *Conn) Extensions() string {
	if c.out.compression == nil {
		return ""
	}
	return c.out.compression.Params.String()
}

// RemoteAddr returns the network address of the peer, or of the proxy before it.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.Conn().RemoteAddr() }

// LocalAddr returns the network address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.transport.Conn().LocalAddr() }

// SetMaxMessage replaces Options.MaxMessage for this connection: the limit in bytes
// for the messages that are received from now on, 0 for none. It applies at once
// where nothing is being read at this moment, so also in a Handler's method; otherwise
// to what the read under way receives next.
func (c *Conn) SetMaxMessage(n int64) {
	n = max(n, 0)
	if c.takeIdle() {
		c.in.SetLimit(n)
		c.in.owner.yield()
		return
	}
	c.in.wait.mu.Lock()
	defer c.in.wait.mu.Unlock()
	c.in.wait.limit = &n
	c.in.wait.settled.Store(false)
}
