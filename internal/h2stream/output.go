package h2stream

import (
	"io"
	"net"
	"os"
	"time"
)

// output is the sending direction: writes fill its buffer, and one consumer at a time empties
// it, with take and done, or with Read.
type output struct {
	gate
	buffer  *[bufferSize]byte // nil while no bytes are pending
	pending []byte            // part of buffer
	sending bool              // the consumer is sending bytes that it has taken
	closed  bool              // no more bytes follow pending
	err     error             // error of the consumer
	gone    bool              // the consumer has ended: written bytes are dropped

	// begin is called, with mu held, when bytes are pending and no consumer is sending.
	// It is nil if the consumer waits in Read.
	begin func()
}

// write implements [Conn.Write].
func (o *output) write(p []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		switch {
		case o.closed:
			return n, net.ErrClosed
		case o.err != nil:
			return n, o.err
		case o.expired():
			return n, os.ErrDeadlineExceeded
		case o.gone:
			return len(p), nil
		}
		k := o.append(p[n:])
		if n += k; n == len(p) {
			return n, nil
		}
		if k > 0 {
			continue
		}
		if err := o.wait(); err != nil {
			return n, err
		}
	}
}

// append copies as much of p as there is room for. The caller holds mu.
func (o *output) append(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	if o.buffer == nil {
		o.buffer = buffers.Get().(*[bufferSize]byte)
		o.pending = o.buffer[:0]
	}
	n := min(len(p), cap(o.pending)-len(o.pending))
	if n == 0 {
		return 0
	}
	o.pending = append(o.pending, p[:n]...)
	o.changed.Broadcast()
	if o.begin != nil && !o.sending {
		o.sending = true
		o.begin()
	}
	return n
}

// take passes all pending bytes to the consumer, which must call done with the buffer. ok is
// false if no bytes are pending: then the consumer must end.
func (o *output) take() (buffer *[bufferSize]byte, pending []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	buffer, pending = o.buffer, o.pending
	o.buffer, o.pending = nil, nil
	o.sending = buffer != nil && o.err == nil
	if !o.sending && buffer != nil {
		buffers.Put(buffer)
	}
	o.changed.Broadcast()
	return buffer, pending, o.sending
}

// done returns the buffer of take. err is the error of sending.
func (o *output) done(buffer *[bufferSize]byte, err error) {
	buffers.Put(buffer)
	if err != nil {
		o.fail(endOf(err))
	}
}

// fail makes writes return err.
func (o *output) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.changed.Broadcast()
}

// consumerGone ends sending: pending and later bytes are dropped, and a waiting Read returns.
func (o *output) consumerGone() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone, o.sending = true, false
	if o.buffer != nil {
		buffers.Put(o.buffer)
	}
	o.buffer, o.pending = nil, nil
	o.changed.Broadcast()
}

// endReported makes later writes fail if the consumer has ended. It is called when Read has
// returned the end of the stream.
func (o *output) endReported() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone && o.err == nil {
		o.err = errEnded
		o.changed.Broadcast()
	}
}

// Read is the alternative to take and done. It waits for bytes to send. After the last bytes
// of a closed output it returns io.EOF. Call it again when the returned bytes have been sent.
func (o *output) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sending = false
	o.changed.Broadcast()
	for len(o.pending) == 0 && !o.closed && !o.gone && o.err == nil {
		o.changed.Wait()
	}
	switch {
	case len(o.pending) == 0 && o.closed:
		return 0, io.EOF // even if the stream is aborted: END_STREAM is sent before RST_STREAM
	case o.err != nil:
		return 0, o.err
	case o.gone: // the transport closes its request body while it reads it
		return 0, errEnded
	}
	n := copy(p, o.pending)
	rest := copy(o.pending, o.pending[n:])
	if o.pending = o.pending[:rest]; rest == 0 {
		buffers.Put(o.buffer)
		o.buffer, o.pending = nil, nil
	}
	o.sending = true
	return n, nil
}

// close makes writes return net.ErrClosed. Pending bytes are still sent.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.stop()
	o.changed.Broadcast()
}

// idle reports whether all bytes have been sent, or none can be sent any more.
func (o *output) idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.drained()
}

func (o *output) drained() bool { return o.err != nil || len(o.pending) == 0 && !o.sending }

// drain waits, after close, until all bytes have been sent, for at most limit. It reports
// whether they were.
func (o *output) drain(limit time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.stop()
	o.deadline = time.Now().Add(limit)
	for !o.drained() {
		if o.wait() != nil {
			break
		}
	}
	return o.drained() && o.err == nil
}
