package trace

import (
	"errors"
	"net"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Conn returns a client's connection that behaves as nc, and calls sink with everything
// that passes over it: the heads of the opening handshake, then the frames of both
// directions. What is sent is reported before it leaves, so that no answer comes before
// its question. sink is never called twice at once, and holds up the connection while it
// runs.
func Conn(nc net.Conn, sink func(Event)) net.Conn { return &conn{nc, NewSession(true, 0, sink)} }

type conn struct {
	net.Conn
	session *Session
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.session.Write(codec.Server, time.Now(), p[:n])
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.session.Write(codec.Client, time.Now(), p)
	return c.Conn.Write(p)
}

// CloseWrite ends the sending direction, if the connection can.
func (c *conn) CloseWrite() error { return CloseWrite(c.Conn) }

// CloseWrite ends the sending direction of a connection, if that can.
func CloseWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
