package websocket

import (
	"bufio"
	"io"
	"net"
	"time"

	"github.com/zerowire/websocket/codec"
)

// The message types, which are the opcodes of their frames (RFC 6455 §11.8).
const (
	TextMessage   = 1  // UTF-8
	BinaryMessage = 2  // bytes
	CloseMessage  = 8  // empty, or from FormatCloseMessage
	PingMessage   = 9  // at most 125 bytes
	PongMessage   = 10 // at most 125 bytes
)

// AllowInvalidUTF8 lets reads return text messages that are not UTF-8. By default, such a
// message ends the connection with status 1007 (RFC 6455 §8.1). It applies to connections
// that are created later. Set it when the program starts: access is not synchronized.
var AllowInvalidUTF8 bool

const (
	defaultBufferSize = 4096        // bytes, of either direction
	controlWait       = time.Second // limit for sending the frames that answer the peer
)

// Conn is a WebSocket connection (RFC 6455). [Upgrader.Upgrade] and [Dialer.Dial] create it.
//
// One goroutine may read and one may write at the same time. [Conn.Close] and
// [Conn.WriteControl] may be called at any time. A Conn starts no goroutine, and reads from the
// network only while the application reads.
type Conn struct {
	conn        net.Conn
	stream      io.ReadWriter // of conn
	role        codec.Role
	subprotocol string
	in          input  // read.go
	out         output // write.go
}

// bufferSizes are the buffer sizes that an application has set, in bytes; 0 for the default.
type bufferSizes struct {
	read, write int
	pool        BufferPool
}

// newConn returns a Conn on nc. br, which is empty, is used to read from nc; nil creates a new
// reader.
func newConn(nc net.Conn, role codec.Role, sizes bufferSizes, br *bufio.Reader) *Conn {
	stream := streamOf(nc)
	if br == nil {
		if sizes.read == 0 {
			sizes.read = defaultBufferSize
		}
		br = bufio.NewReaderSize(stream, max(sizes.read, codec.MaxControlPayload))
	} else {
		br.Reset(stream)
	}
	if sizes.write <= 0 {
		sizes.write = defaultBufferSize
	}
	c := &Conn{conn: nc, stream: stream, role: role}
	c.in.br, c.in.checked = br, !AllowInvalidUTF8
	c.in.sequence.Role = role
	c.out.size, c.out.pool = sizes.write, sizes.pool
	c.out.compress, c.out.level = true, defaultLevel
	return c
}

// Subprotocol returns the sub-protocol that the opening handshake has selected, or "" for
// none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Close closes the network connection immediately. It does not send a Close frame: send one
// before with [Conn.WriteControl]. Close may be called concurrently with all other methods;
// their calls then fail.
func (c *Conn) Close() error { return c.conn.Close() }

// LocalAddr returns the local network address.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the peer's network address.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// NetConn returns the network connection, for its options and deadlines. Do not read from it
// or write to it: that corrupts the stream of frames.
func (c *Conn) NetConn() net.Conn { return c.conn }

// UnderlyingConn is [Conn.NetConn].
//
// Deprecated: Use NetConn.
func (c *Conn) UnderlyingConn() net.Conn { return c.conn }
