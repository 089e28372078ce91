package h2stream

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// lingerTime limits the time after Close for sending bytes that were written before.
const lingerTime = 3 * time.Second

// Conn is a [net.Conn] on one HTTP/2 stream. Its methods may be called concurrently.
type Conn struct {
	in            input
	out           output
	body          io.ReadCloser
	local, remote net.Addr
	halfClose     bool                      // this is the client's end, which can send END_STREAM
	finish        func(drained, ended bool) // frees the stream; see newConn

	mu      sync.Mutex
	users   int           // goroutines that use the stream
	closed  bool          // by Close
	freed   bool          // finish was called: the stream must not be used any more
	left    chan struct{} // closed when freed, and users is 0
	waiting time.Duration // how long Close waits for left
}

// newConn returns a Conn that reads from body in a goroutine. Close calls finish once. drained
// reports that all written bytes were sent, and ended that the peer has sent END_STREAM.
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

// enter counts a goroutine that uses the stream. It returns false if the stream was freed.
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

// Done returns a channel that is closed when the Conn has been closed and no goroutine uses
// the stream any more. Then an HTTP handler may return.
func (c *Conn) Done() <-chan struct{} { return c.left }

// Read reads at least one byte, unless it fails. The errors are [io.EOF] after END_STREAM, a
// [*ResetError] after RST_STREAM, [os.ErrDeadlineExceeded], [net.ErrClosed] after Close, and
// the error that ended the HTTP/2 connection.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.out.endReported()
	}
	return n, err
}

// Write copies p to the buffer of the stream, and waits while there is no room. It returns
// the number of copied bytes. Later calls return an error of sending. After the server has
// ended the stream, a client's writes are dropped without an error until Read has returned the
// end. So the client can read all bytes that the server sent before.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite sends END_STREAM after all written bytes, at the client's end. At the server's
// end, net/http sends END_STREAM only when the handler returns, after Close. The peer waits
// for END_STREAM before it ends its side. So at the server's end, reads return [io.EOF] as
// soon as the peer has sent nothing for a short time.
func (c *Conn) CloseWrite() error {
	c.out.close()
	if !c.halfClose {
		c.in.endWhenQuiet()
	}
	return nil
}

// Close ends the stream. Reads fail from then on. Bytes that were written before are sent, if
// the peer makes room within three seconds. Close does not wait for that, except at the
// server's end of a stream that [Accept] returned with wait.
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

// free ends the use of the stream.
func (c *Conn) free(drained, ended bool) {
	c.mu.Lock()
	c.freed = true
	c.users++ // finish uses the stream
	c.mu.Unlock()
	c.finish(drained, ended)
	c.leave()
}

// LocalAddr returns the address of this end of the HTTP/2 connection.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end of the HTTP/2 connection.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline calls [Conn.SetReadDeadline] and [Conn.SetWriteDeadline].
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(t)
	c.out.setDeadline(t)
	return nil
}

// SetReadDeadline sets the deadline of current and later calls of Read. The zero time means
// none. The deadline does not end the stream.
func (c *Conn) SetReadDeadline(t time.Time) error { c.in.setDeadline(t); return nil }

// SetWriteDeadline sets the deadline of current and later calls of Write. The zero time means
// none. The deadline does not end the stream.
func (c *Conn) SetWriteDeadline(t time.Time) error { c.out.setDeadline(t); return nil }
