package websocket

import (
	"net"

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
	deflate  *compressing // nil if messages are not compressed: compression.go

	in  reader   // conn_read.go, conn_turn.go, conn_wait.go
	out writer   // conn_write.go, conn_queue.go
	rtt pings    // conn_ping.go
	end lifetime // conn_close.go
}

func newConn(nc net.Conn, role Role, set *settings, subprotocol string, ext extension, early []byte) *Conn {
	c := &Conn{role: role, settings: set, protocol: subprotocol}
	c.socket.init(nc)
	c.in.decoder = codec.Decoder{Role: role, MaxMessage: uint64(set.MaxMessage)}
	c.in.message.most = uint64(set.MaxMessage)
	if len(early) > 0 {
		c.in.decoder.Commit(copy(c.in.decoder.Space(len(early)), early))
	}
	c.in.init(now(), set)
	c.out.encoder.Role = role
	if ext.on {
		c.deflate = newCompressing(role, ext.params, set)
		c.in.inflating = &c.deflate.in
		c.in.decoder.RSV, c.out.encoder.RSV = codec.RSV1, codec.RSV1
		c.in.decoder.MaxExtended = maxCompressed(set.MaxMessage)
	}
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
	if c.deflate == nil {
		return ""
	}
	return c.deflate.params.String()
}

// RemoteAddr returns the network address of the peer, or of the proxy before it.
func (c *Conn) RemoteAddr() net.Addr { return c.socket.nc.RemoteAddr() }

// LocalAddr returns the network address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.socket.nc.LocalAddr() }
