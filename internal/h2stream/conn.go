package h2stream

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// lingerTime is how long Close keeps the stream for what was written before and the
// peer has made no room for.
const lingerTime = 3 * time.Second

// Conn is a net.Conn on one HTTP/2 stream. Its methods may be called concurrently.
type Conn struct {
	in            input
	out           output
	body          io.ReadCloser
	local, remote net.Addr
	halfClose     bool                      // a client's end
	finish        func(drained, ended bool) // frees the stream; see newConn

	mu      sync.Mutex
	users   int           // goroutines that use the stream
	closed  bool          // by Close
	freed   bool          // finish was called: the stream may not be used any more
	left    chan struct{} // closed when freed, and users is 0
	waiting time.Duration // how long Close waits for left
}

// newConn returns a Conn that reads from body, in a goroutine of its own. finish is
// called once, by Close: drained says that all that was written has been sent, ended
// that the peer has sent END_STREAM.
func newConn(body io.ReadCloser, local, remote net.Addr, finish func(drained, ended bool)) *Conn {
	c := &Conn{body: body, local: local, remote: remote, finish: finish, left: make(chan struct{})}
	c.in.init()
	c.out.init()
	return c
}

// start starts the goroutine that reads the body.
func (c *Conn) start() {
	c.enter()
	go func() {
		defer c.leave()
		c.in.pump(c.body)
	}()
}

// enter counts a goroutine that uses the stream, unless there is none any more.
func (c *Conn) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.freed {
		return false
	}
	c.users++
	return true
}

func (c *Conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.freed && c.users == 0 {
		close(c.left)
	}
}

// Done returns a channel that is closed when the Conn has been closed and nothing uses
// the stream any more: an HTTP handler may return then.
func (c *Conn) Done() <-chan struct{} { return c.left }

// Read reads what the peer has sent: at least a byte, unless it fails. The errors are
// io.EOF after END_STREAM, a *ResetError after RST_STREAM, os.ErrDeadlineExceeded,
// net.ErrClosed after Close, and what ended the HTTP/2 connection.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.out.endReported()
	}
	return n, err
}

// Write copies p into the buffer of the stream, waits for room where there is none, and
// returns how much of p it has copied. An error of sending is returned by later calls. On a
// stream that the server has ended, a client's writes are dropped until Read has said so:
// what the server has sent before can then be read to its end.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite sends END_STREAM behind what was written, at a client's end. At a server's
// end net/http does that when the handler returns, which waits for Close, and the peer
// waits for that: so reads return io.EOF there as soon as the peer sends nothing more.
func (c *Conn) CloseWrite() error {
	c.out.close()
	if !c.halfClose {
		c.in.endWhenQuiet()
	}
	return nil
}

// Close ends the stream. What was written before is sent, for which the peer has to
// make room within three seconds; nothing is read any more. Close does not wait for it,
// except at the server's end of a stream that Accept returned with wait.
func (c *Conn) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	if first {
		ended := c.in.ended()
		c.in.close()
		c.out.close()
		if c.out.idle() {
			c.free(true, ended)
		} else {
			go func() { c.free(c.out.drain(lingerTime), ended) }()
		}
	}
	if c.waiting > 0 {
		limit := time.NewTimer(c.waiting)
		defer limit.Stop()
		select {
		case <-c.left:
		case <-limit.C:
		}
	}
	return nil
}

// free gives the stream up.
func (c *Conn) free(drained, ended bool) {
	c.mu.Lock()
	c.freed = true
	c.users++ // finish is one
	c.mu.Unlock()
	c.finish(drained, ended)
	c.leave()
}

// LocalAddr returns the address of this end of the HTTP/2 connection.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end of the HTTP/2 connection.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(t)
	c.out.setDeadline(t)
	return nil
}

// SetReadDeadline moves the deadline of this and later calls of Read, the zero time for
// none. The stream does not end with it.
func (c *Conn) SetReadDeadline(t time.Time) error { c.in.setDeadline(t); return nil }

// SetWriteDeadline moves the deadline of this and later calls of Write, the zero time
// for none. The stream does not end with it.
func (c *Conn) SetWriteDeadline(t time.Time) error { c.out.setDeadline(t); return nil }
