package reconnect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zerowire/websocket"
)

// ErrEnded reports a Write after Run has returned. The error that Run returned is
// in the same chain.
var ErrEnded = errors.New("reconnect: write: the client has ended")

// queue holds the messages that wait for a connection. The zero value is empty.
type queue struct {
	mu       sync.Mutex // no callback runs under it
	messages []message
	size     int             // bytes in messages
	conn     *websocket.Conn // on which Write sends; nil if it has to queue
	sending  bool            // a Write sends on conn
	begun    bool            // Run was called
	err      error           // why nothing is accepted any more
	changed  chan struct{}   // closed when one of these has changed; nil if no call waits
}

type message struct {
	op websocket.Opcode
	p  []byte
}

// Write sends a message of type OpText, which must be UTF-8, or OpBinary. If there
// is no connection, or earlier messages are still queued, it copies the message to the
// queue. p is not retained. Write may be called at any time, from any goroutine.
//
// Write blocks while the peer of a connection takes no data, and while the queue is
// full and Overflow is Block. If ctx ends in the meantime it returns ctx.Err(); the
// message may have been sent if there is a connection, as with
// [websocket.Conn.Write]. It returns websocket.ErrOverflow if the message was
// dropped, and ErrEnded after Run has returned.
func (c *Client) Write(ctx context.Context, op websocket.Opcode, p []byte) error {
	if !op.IsData() {
		return websocket.ErrMessageType
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.err != nil:
			return q.err
		case q.conn != nil && !q.sending:
			if done, err := q.send(ctx, op, p); done {
				return err
			}
			continue
		case q.conn == nil && c.makeRoom(len(p)):
			q.put(len(q.messages), message{op, slices.Clone(p)})
			return nil
		case q.conn == nil && c.Overflow != websocket.Block:
			return websocket.ErrOverflow
		}
		if err := q.await(ctx); err != nil {
			return err
		}
	}
}

// send sends a message on the connection. done is false if the connection has failed
// and the message has not been sent.
func (q *queue) send(ctx context.Context, op websocket.Opcode, p []byte) (done bool, err error) {
	conn := q.conn
	q.sending = true
	q.mu.Unlock()
	err = conn.Write(ctx, op, p)
	q.mu.Lock()
	q.sending = false
	q.signal()
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) || errors.Is(err, websocket.ErrOverflow) {
		return true, err
	}
	if q.conn == conn {
		q.conn = nil
	}
	q.mu.Unlock()
	conn.CloseNow() // so that Serve notices
	q.mu.Lock()
	return false, nil
}

// makeRoom reports whether a message of n bytes may be queued, and drops others for it
// if that is the policy.
func (c *Client) makeRoom(n int) bool {
	q, limit := &c.queue, c.MaxPending
	if limit == 0 {
		limit = defaultMaxPending
	}
	full := func() bool { return limit > 0 && len(q.messages) > 0 && q.size+n > limit }
	for c.Overflow == websocket.DropOldest && full() {
		q.pop()
	}
	return !full()
}

// put inserts m before the message at i.
func (q *queue) put(i int, m message) {
	q.messages = slices.Insert(q.messages, i, m)
	q.size += len(m.p)
}

// pop removes the first message.
func (q *queue) pop() message {
	m := q.messages[0]
	q.messages[0] = message{}
	q.messages = q.messages[1:]
	q.size -= len(m.p)
	return m
}

// attach sends what is queued on conn, and then has Write send on it. It returns
// early if conn fails.
func (q *queue) attach(conn *websocket.Conn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) > 0 {
		m := q.pop()
		q.signal()
		q.mu.Unlock()
		err := conn.Write(context.Background(), m.op, m.p)
		q.mu.Lock()
		if err != nil && !errors.Is(err, websocket.ErrOverflow) {
			q.put(0, m)
			return
		}
	}
	q.conn = conn
	q.signal()
}

// detach has Write queue from now on.
func (q *queue) detach() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.conn = nil
	q.signal()
}

// begin returns false if it was called before.
func (q *queue) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := !q.begun
	q.begun = true
	return first
}

// end drops what is queued, and has Write fail from now on.
func (q *queue) end(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = ErrEnded
	if cause != nil {
		q.err = fmt.Errorf("%w: %w", ErrEnded, cause)
	}
	q.messages, q.size, q.conn = nil, 0, nil
	q.signal()
}

// await waits for a change. Meanwhile it gives up the lock.
func (q *queue) await(ctx context.Context) error {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	changed := q.changed
	q.mu.Unlock()
	defer q.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes the calls that wait for a change.
func (q *queue) signal() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}
