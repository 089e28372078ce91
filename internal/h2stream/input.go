package h2stream

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// bufferSize is the size of the buffers of both directions, in bytes. It bounds what a
// Conn holds for a reader or a peer that takes nothing; the rest waits in HTTP/2's flow
// control.
const bufferSize = 32 << 10

// quietTime is for how long a peer sends nothing that has read a Close frame.
const quietTime = 50 * time.Millisecond

// buffers holds *[bufferSize]byte. A Conn takes one while there is something in it.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// input is what the peer sends: one goroutine pumps it out of the body of the stream,
// one reads it.
type input struct {
	gate
	buffer *[bufferSize]byte // nil while nothing is unread
	unread []byte            // part of buffer
	err    error             // why nothing follows unread
	closed bool              // by this end
	last   bool              // reads end when the peer is quiet
}

// pump reads body until it ends or the input is closed.
func (in *input) pump(body io.Reader) {
	for {
		// The bodies of net/http and x/net/http2 wait for data also for an empty
		// slice, so an idle stream holds no buffer. Others may return at once.
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

// deliver hands over n bytes of buffer, and waits until they were read. It reports
// whether more may follow.
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

// read is net.Conn's Read.
func (in *input) read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var quiet time.Time // when the peer will have been quiet for quietTime
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

// release gives the buffer back, and lets the pump go on. The caller holds mu.
func (in *input) release() {
	if in.buffer != nil {
		buffers.Put(in.buffer)
	}
	in.buffer, in.unread = nil, nil
	in.changed.Broadcast()
}

// close makes reads return net.ErrClosed. What is unread is dropped.
func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.stop()
	in.release()
}

// endWhenQuiet makes reads return io.EOF when the peer has sent nothing for quietTime.
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
