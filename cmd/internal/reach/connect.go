package reach

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// Connect opens the connection on which an opening handshake with the server at
// rawURL can be done: through a proxy and with TLS as URL, flags and environment say.
// It sends nothing to the server itself. The caller owns the connection.
func (f *Flags) Connect(ctx context.Context, rawURL string) (net.Conn, error) {
	opts, err := f.Options()
	if err != nil {
		return nil, err
	}
	dial := opts.NetDial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	var socket *kept
	var nc net.Conn
	opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		socket = &kept{Conn: c}
		return socket, nil
	}
	opts.Wrap = func(c net.Conn) net.Conn {
		nc = c
		socket.taken.Store(true)
		return unwritable{c}
	}
	// Dial gives up when it would write the request. What it has built up to then
	// remains: proxies and TLS are not its job alone.
	if _, err = websocket.Dial(ctx, rawURL, opts); !errors.Is(err, errTaken) {
		if socket != nil {
			socket.Conn.Close()
		}
		return nil, err
	}
	socket.taken.Store(false)
	if nc == socket {
		nc = &firstRead{Conn: socket.Conn}
	}
	return nc, nc.SetDeadline(time.Time{})
}

// errTaken ends a Dial whose connection has been taken from it.
var errTaken = errors.New("connection taken")

// kept is a socket that Close leaves open while it is taken.
type kept struct {
	net.Conn
	taken atomic.Bool
}

func (k *kept) Close() error {
	if k.taken.Load() {
		return nil
	}
	return k.Conn.Close()
}

// unwritable refuses to write.
type unwritable struct{ net.Conn }

func (unwritable) Write([]byte) (int, error) { return 0, errTaken }

// firstRead recognises a TLS alert in place of the answer to an opening handshake.
type firstRead struct {
	net.Conn
	done bool
}

func (r *firstRead) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if first := p[:n]; !r.done && n > 0 {
		r.done = true
		if n > 1 && first[0] == 0x15 && first[1] == 0x03 { // RFC 8446 §5.1: alert, major version 3
			return 0, errWantsTLS
		}
	}
	return n, err
}

// CloseWrite ends the sending direction, if the connection can.
func (r *firstRead) CloseWrite() error { return trace.CloseWrite(r.Conn) }

// errWantsTLS reports a server that answers a plain request with TLS.
var errWantsTLS = errors.New("the server answered with a TLS alert")

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
