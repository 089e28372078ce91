package bench

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// script is the server's end of a connection whose client is a script: it sends
// an opening handshake, and once that is answered the same bytes again and again
// for as long as more says. Nobody is woken and nothing is scheduled between
// a reply and the next message, so what a benchmark measures is the server.
type script struct {
	request []byte
	input   []byte // what the client sends each time
	more    func() bool

	asked    bool   // the request was read
	rest     []byte // of input, or of the request
	open     atomic.Bool
	upgraded chan struct{} // closed when the response was written
	late     chan struct{} // a read deadline has passed
	closed   chan struct{}
	ended    atomic.Bool

	writes, written int // after the response
}

func newScript(input []byte, more func() bool) *script {
	return &script{
		request: handshake, input: input, more: more,
		upgraded: make(chan struct{}), late: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

var handshake = []byte("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nCache-Control: no-cache\r\n" +
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")

func (c *script) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// next gets what the client sends next.
func (c *script) next() error {
	if !c.asked {
		c.asked, c.rest = true, c.request
		return nil
	}
	if !c.open.Load() {
		// net/http reads ahead while its handler runs, and breaks that off with a
		// deadline when the handler takes the connection over.
		select {
		case <-c.upgraded:
		case <-c.late:
			return os.ErrDeadlineExceeded
		case <-c.closed:
			return net.ErrClosed
		}
	}
	if c.ended.Load() || !c.more() {
		c.ended.Store(true)
		return io.EOF
	}
	c.rest = c.input
	return nil
}

func (c *script) Write(p []byte) (int, error) {
	if c.open.Load() {
		c.writes++
		c.written += len(p)
		return len(p), nil
	}
	if bytes.HasSuffix(p, []byte("\r\n\r\n")) {
		c.open.Store(true)
		close(c.upgraded)
	}
	return len(p), nil
}

// Close ends the script. It may be called again.
func (c *script) Close() error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
		close(c.closed)
		return nil
	}
}

func (c *script) SetReadDeadline(t time.Time) error {
	if c.open.Load() {
		return nil
	}
	select {
	case <-c.late:
	default:
	}
	if !t.IsZero() && time.Until(t) <= 0 {
		c.late <- struct{}{}
	}
	return nil
}

func (c *script) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *script) SetWriteDeadline(time.Time) error { return nil }
func (c *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// listener hands out the scripts that are sent to it. It never closes: some
// peers' accept loops know no end.
type listener chan *script

func (l listener) Accept() (net.Conn, error) { return <-l, nil }
func (l listener) Close() error              { return nil }
func (l listener) Addr() net.Addr            { return &net.TCPAddr{} }
