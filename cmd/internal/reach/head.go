package reach

import (
	"net"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// Conn is a connection of which more may have been received than was used.
type Conn struct {
	net.Conn
	unread []byte
}

// NewConn returns a Conn that reads unread, and then what comes on nc.
func NewConn(nc net.Conn, unread []byte) *Conn { return &Conn{nc, unread} }

// Read reads what was not used before.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.unread) > 0 {
		n := copy(p, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends the sending direction, if the connection can.
func (c *Conn) CloseWrite() error { return trace.CloseWrite(c.Conn) }

// headRoom is what a head has room in, at first, in bytes.
const headRoom = 4 << 10

// ReadHead reads until parse finds a whole head at the start of what was received. After
// an error, head is what was received, and is read again.
func (c *Conn) ReadHead(parse func([]byte) (int, error)) (head []byte, err error) {
	for {
		b := c.unread
		n, err := parse(b)
		if err == nil {
			c.unread = b[n:]
			return b[:n:n], nil
		}
		if err != codec.ErrShort {
			return b, err
		}
		if len(b) == cap(b) {
			b = append(make([]byte, 0, max(2*cap(b), headRoom)), b...)
		}
		n, err = c.Conn.Read(b[len(b):cap(b)])
		if c.unread = b[:len(b)+n]; n == 0 && err != nil {
			return c.unread, err
		}
	}
}

// Unread has p, a head, read again.
func (c *Conn) Unread(p []byte) { c.unread = append(p, c.unread...) }
