package h2stream

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// bufferSize is the size of the buffer of each direction, in bytes. It limits the memory of a
// Conn if the reader or the peer is slow. HTTP/2's flow control delays all further bytes.
const bufferSize = 32 << 10

// quietTime is the time after which a peer that sends nothing is taken to have read the Close
// frame.
const quietTime = 50 * time.Millisecond

// buffers holds *[bufferSize]byte. A Conn takes one only while it has bytes to store.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// input is the receiving direction: one goroutine, the pump, reads the body of the stream,
// and another calls read.
type input struct {
	gate
	buffer *[bufferSize]byte // nil while there are no unread bytes
	unread []byte            // part of buffer
	err    error             // the error after unread
	closed bool              // by this end
	last   bool              // reads return io.EOF when the peer is quiet
}

// pump reads body until it ends or the input is closed.
func (in *input) pump(body io.Reader) {
	for {
		// The bodies of net/http and x/net/http2 wait for data even if the slice is
		// empty, so an idle stream holds no buffer. Others may return immediately.
		_, err := body.Read(nil)
		var buffer *[bufferSize]byte
		n := 0
		if err == nil {
			buffer = buffers.Get().(*[bufferSize]byte)
			n, err = body.Read(buffer[:])
		}
		if !in.deliver(buffer, n, err) {
			return
		}
	}
}

// deliver passes n bytes of buffer to read, and waits until they were read. It reports
// whether the pump continues.
func (in *input) deliver(buffer *[bufferSize]byte, n int, err error) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed || n == 0 {
		if buffer != nil {
			buffers.Put(buffer)
		}
	} else {
		in.buffer, in.unread = buffer, buffer[:n]
	}
	if err != nil {
		in.err = endOf(err)
	}
	in.changed.Broadcast()
	for err == nil && !in.closed && len(in.unread) > 0 {
		in.changed.Wait()
	}
	return err == nil && !in.closed
}

// read implements [Conn.Read].
func (in *input) read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var quiet time.Time // end of quietTime
	for len(p) > 0 {
		switch {
		case in.closed:
			return 0, net.ErrClosed
		case in.expired():
			return 0, os.ErrDeadlineExceeded
		case len(in.unread) > 0:
			n := copy(p, in.unread)
			if in.unread = in.unread[n:]; len(in.unread) == 0 {
				in.release()
			}
			return n, nil
		case in.err != nil:
			return 0, in.err
		case in.last && quiet.IsZero():
			quiet = time.Now().Add(quietTime)
			time.AfterFunc(quietTime, in.wake)
		case in.last && !time.Now().Before(quiet):
			return 0, io.EOF
		}
		if err := in.wait(); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// release returns the buffer to the pool, and lets the pump continue. The caller holds mu.
func (in *input) release() {
	if in.buffer != nil {
		buffers.Put(in.buffer)
	}
	in.buffer, in.unread = nil, nil
	in.changed.Broadcast()
}

// close makes reads return net.ErrClosed, and drops unread bytes.
func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.stop()
	in.release()
}

// endWhenQuiet makes reads return io.EOF after the peer has sent nothing for quietTime.
func (in *input) endWhenQuiet() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.last = true
	in.changed.Broadcast()
}

// ended reports whether the peer has ended its side with END_STREAM.
func (in *input) ended() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err == io.EOF
}
