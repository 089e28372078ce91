package websocket

import (
	"context"
	"sync"

	"github.com/zerowire/websocket/pool"
)

// netWindow is the number of waiting bytes at which Write of a netConn blocks. A single
// Write may exceed it.
const netWindow = 64 << 10

// netWriter is the sending half of a netConn. A goroutine, which exists only while
// messages wait, writes them to the connection. So a Write can end at its deadline
// at any time, and has then sent nothing. Conn.Write alone could not do this: after
// its context has ended, the message may be sent or not, and over TLS its context
// does not interrupt it.
type netWriter struct {
	c        *Conn
	op       Opcode
	deadline netDeadline
	send     func() // sendAll: as a field, because a method value allocates

	mu       sync.Mutex     // a leaf: no other lock is taken while it is held
	accepted []*pool.Buffer // messages to be sent, in order
	spare    []*pool.Buffer // empty; to be reused for accepted
	size     int            // bytes in accepted, and in the batch that sendAll is sending
	sending  bool           // sendAll is running
	finished bool           // no Write is accepted any more
	err      error          // why nothing can be sent any more
	changed  chan struct{}  // closed when these fields change; nil if no call waits
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

// await waits until a field has changed, or ctx ends. It releases the lock meanwhile.
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

// sendAll sends accepted messages until none is left.
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

// sendBatch sends the messages of a batch, unless err reports that nothing can be sent
// any more. It frees their buffers, and returns their size in bytes.
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
		err = w.c.Flush(context.Background()) // sends what Options.FlushDelay delays
	}
	return n, err
}

// finish waits until all accepted messages have been sent, or sending has failed.
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
