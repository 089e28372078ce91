package websocket

import (
	"context"
	"sync"

	"github.com/zerowire/websocket/pool"
)

// netWindow is how many bytes a netConn accepts before the peer has taken them.
// A single Write may exceed it.
const netWindow = 64 << 10

// netWriter is the sending half of a netConn. A goroutine that exists only while
// there is something to send writes the messages to the connection. So a Write can
// end at its deadline at any time, and it is certain whether its message is sent:
// a call of Conn.Write that its context has ended leaves that open, and over TLS it
// cannot be ended at all.
type netWriter struct {
	c        *Conn
	op       Opcode
	deadline netDeadline
	send     func() // sendAll: as a field, because a method value allocates

	mu       sync.Mutex     // a leaf: no other lock is taken while it is held
	accepted []*pool.Buffer // messages to be sent, in order
	spare    []*pool.Buffer // empty; the next accepted
	size     int            // bytes in accepted, and of those that sendAll has taken
	sending  bool           // sendAll runs
	finished bool           // no Write is accepted any more
	err      error          // why nothing can be sent any more
	changed  chan struct{}  // closed when one of these has changed; nil if no call waits
}

func (w *netWriter) init(c *Conn, op Opcode) {
	w.c, w.op, w.send = c, op, w.sendAll
	w.deadline.renew()
}

// write accepts p as one message.
func (w *netWriter) write(p []byte) (int, error) {
	ctx := w.deadline.context()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if len(p) == 0 {
		return 0, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && !w.finished && w.size >= netWindow {
		if err := w.await(ctx); err != nil {
			return 0, err
		}
	}
	switch {
	case w.finished:
		return 0, ErrClosed
	case w.err != nil:
		return 0, w.err
	}
	b := pool.Get(len(p))
	b.B = append(b.B, p...)
	w.accepted = append(w.accepted, b)
	w.size += len(p)
	if !w.sending {
		w.sending = true
		go w.send()
	}
	return len(p), nil
}

// await waits until something has changed. Meanwhile it gives up the lock.
func (w *netWriter) await(ctx context.Context) error {
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	changed := w.changed
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// signal wakes the calls that wait for a change.
func (w *netWriter) signal() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// sendAll sends what has been accepted until nothing is left.
func (w *netWriter) sendAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.accepted) > 0 {
		batch := w.accepted
		w.accepted, w.spare = w.spare, nil
		err := w.err
		w.mu.Unlock()
		n, err := w.sendBatch(batch, err)
		w.mu.Lock()
		w.spare = batch[:0]
		w.size -= n
		w.err = err
		w.signal()
	}
	w.sending = false
	w.signal()
}

// sendBatch sends the messages of a batch, unless err says that it is too late. It
// gives their buffers back, and returns how many bytes they had.
func (w *netWriter) sendBatch(batch []*pool.Buffer, err error) (int, error) {
	n := 0
	for i, b := range batch {
		n += len(b.B)
		if err == nil {
			err = w.c.Write(context.Background(), w.op, b.B)
		}
		pool.Put(b)
		batch[i] = nil
	}
	if err == nil {
		err = w.c.Flush(context.Background()) // what Options.FlushDelay holds back
	}
	return n, err
}

// finish waits until all that has been accepted is sent, or cannot be.
func (w *netWriter) finish() {
	w.deadline.close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.signal()
	for w.sending {
		w.await(context.Background())
	}
}
