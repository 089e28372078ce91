// Package pipe connects two ends in memory, as TCP would.
package pipe

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Buffer is how many bytes each direction of a pipe holds.
const Buffer = 64 << 10

// New returns the two ends of a connection in memory. Unlike net.Pipe it is
// asynchronous, as TCP is: up to Buffer bytes wait in each direction, and a
// Write returns once its bytes do. It works in a testing/synctest bubble.
//
// Both ends follow net.Conn: an expired deadline fails calls with
// os.ErrDeadlineExceeded, those that wait included, and a later deadline
// revives the end. Close fails the end's own calls with net.ErrClosed. The
// other end reads what is still waiting and then io.EOF; its writes fail with
// io.ErrClosedPipe. No data is ever lost to a reset, which TCP can do.
func New() (*Conn, *Conn) {
	ab, ba := newHalf(), newHalf()
	return &Conn{in: ba, out: ab, name: "pipe a"}, &Conn{in: ab, out: ba, name: "pipe b"}
}

// Conn is one end of a pipe. All methods are safe to call concurrently.
type Conn struct {
	in, out *half
	name    addr
}

// Read reads what waits, or waits for something.
func (c *Conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write returns when all of b is in the buffer, or with an error and the number
// of bytes that are.
func (c *Conn) Write(b []byte) (int, error) { return c.out.write(b) }

// CloseWrite ends the outgoing direction: the other end reads io.EOF after the
// bytes that wait. Reading goes on.
func (c *Conn) CloseWrite() error { return c.out.closeWrite() }

// Close ends both directions.
func (c *Conn) Close() error {
	c.in.closeRead()
	return c.out.closeWrite()
}

// LocalAddr and RemoteAddr name the pipe.
func (c *Conn) LocalAddr() net.Addr { return c.name }

// RemoteAddr names the pipe.
func (c *Conn) RemoteAddr() net.Addr { return c.name }

// SetDeadline sets both deadlines. The zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline for reads, waiting ones included.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.setDeadline(&c.in.readBy, t) }

// SetWriteDeadline sets the deadline for writes, waiting ones included.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(&c.out.writeBy, t) }

type addr string

func (addr) Network() string  { return "pipe" }
func (a addr) String() string { return string(a) }

// half is one direction.
type half struct {
	mu       sync.Mutex
	changed  sync.Cond
	buf      []byte // buf[at:] waits to be read
	at       int
	noReader bool // the reading end is closed
	noWriter bool // the writing end is closed, or half-closed
	readBy   deadline
	writeBy  deadline
}

type deadline struct {
	timer   *time.Timer
	setting int // counts SetDeadline calls, so that a timer that fires late knows it is not meant
	expired bool
}

func newHalf() *half {
	h := &half{}
	h.changed.L = &h.mu
	return h
}

func (h *half) read(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.noReader:
			return 0, net.ErrClosed
		case h.readBy.expired:
			return 0, os.ErrDeadlineExceeded
		case len(h.buf) > h.at || len(b) == 0:
			n := copy(b, h.buf[h.at:])
			h.at += n
			if h.at == len(h.buf) {
				h.buf, h.at = h.buf[:0], 0
			}
			h.changed.Broadcast()
			return n, nil
		case h.noWriter:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

func (h *half) write(b []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.noWriter:
			return n, net.ErrClosed
		case h.writeBy.expired:
			return n, os.ErrDeadlineExceeded
		case h.noReader:
			return n, io.ErrClosedPipe
		}
		m := min(len(b)-n, Buffer-(len(h.buf)-h.at))
		if h.at > 0 && len(h.buf)+m > Buffer {
			h.buf, h.at = h.buf[:copy(h.buf, h.buf[h.at:])], 0
		}
		h.buf = append(h.buf, b[n:n+m]...)
		n += m
		if m > 0 {
			h.changed.Broadcast()
		}
		if n == len(b) {
			return n, nil
		}
		h.changed.Wait()
	}
}

func (h *half) closeRead() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noReader = true
	h.readBy.stop()
	h.changed.Broadcast()
}

func (h *half) closeWrite() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noWriter {
		return net.ErrClosed
	}
	h.noWriter = true
	h.writeBy.stop()
	h.changed.Broadcast()
	return nil
}

func (h *half) setDeadline(d *deadline, t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d == &h.readBy && h.noReader || d == &h.writeBy && h.noWriter {
		return net.ErrClosed
	}
	d.stop()
	d.expired = !t.IsZero() && !t.After(time.Now())
	if !t.IsZero() && !d.expired {
		setting := d.setting
		d.timer = time.AfterFunc(time.Until(t), func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if d.setting == setting {
				d.expired = true
				h.changed.Broadcast()
			}
		})
	}
	h.changed.Broadcast()
	return nil
}

// stop ends the deadline that was set before, its timer included.
func (d *deadline) stop() {
	d.setting++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
