package reconnect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/zerowire/websocket"
)

// ErrEnded reports a call of [Client.Write] after [Client.Run] has returned. The returned
// error also wraps the error of Run.
var ErrEnded = errors.New("reconnect: write: the client has ended")

// queue holds the messages that wait for a connection. The zero value is empty.
type queue struct {
	mu       sync.Mutex // not held during callbacks
	messages []message
	size     int           // bytes in messages
	link     *link         // connection for Write; nil if Write must queue
	sending  bool          // a Write is sending on link
	begun    bool          // Run was called
	err      error         // the queue has ended with this error
	changed  chan struct{} // closed when a field above has changed; nil if no call waits
}

// link is a connection with the information whether it has ended.
type link struct {
	*websocket.Conn
	ended atomic.Bool
}

func newLink(conn *websocket.Conn) *link {
	l := &link{Conn: conn}
	conn.AfterClose(func() { l.ended.Store(true) })
	return l
}

type message struct {
	op websocket.Opcode
	p  []byte
}

// Write sends a message of type OpText, for which p must be valid UTF-8, or OpBinary. If
// there is no connection, or earlier messages are still queued, it copies the message to the
// queue. p is not retained. Write may be called at any time, also concurrently.
//
// Write blocks while the peer does not read, and while the queue is full and Overflow is
// Block. If ctx ends in the meantime, it returns ctx.Err(). If the connection fails while the
// message is sent, it returns the error of [websocket.Conn.Write]: the Client connects again,
// but does not repeat the message, because the server may have received it. Write returns
// [websocket.ErrOverflow] if the message was dropped, and an error that wraps [ErrEnded] after
// Run has returned.
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
		case q.link != nil && q.link.ended.Load():
			q.link = nil
			q.signal()
			continue
		case q.link != nil && !q.sending:
			return q.send(ctx, op, p)
		case q.link == nil && c.makeRoom(len(p)):
			q.put(message{op, slices.Clone(p)})
			return nil
		case q.link == nil && c.Overflow != websocket.Block:
			return websocket.ErrOverflow
		}
		if err := q.await(ctx); err != nil {
			return err
		}
	}
}

// send sends a message on the connection.
func (q *queue) send(ctx context.Context, op websocket.Opcode, p []byte) error {
	l := q.link
	q.sending = true
	q.mu.Unlock()
	err := l.Write(ctx, op, p)
	q.mu.Lock()
	q.sending = false
	q.signal()
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) || errors.Is(err, websocket.ErrOverflow) {
		return err
	}
	if q.link == l {
		q.link = nil
	}
	q.mu.Unlock()
	l.CloseNow() // ends Serve
	q.mu.Lock()
	return err
}

// makeRoom reports whether a message of n bytes may be queued. With DropOldest it drops
// earlier messages for it.
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

// put appends m.
func (q *queue) put(m message) {
	q.messages = append(q.messages, m)
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

// attach sends the queued messages on conn, and then lets Write send on it. It returns early
// if conn fails: then messages that were not tried stay in the queue.
func (q *queue) attach(conn *websocket.Conn) {
	l := newLink(conn)
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) > 0 {
		if l.ended.Load() {
			return
		}
		m := q.pop()
		q.signal()
		q.mu.Unlock()
		err := l.Write(context.Background(), m.op, m.p)
		q.mu.Lock()
		if err != nil && !errors.Is(err, websocket.ErrOverflow) {
			return
		}
	}
	q.link = l
	q.signal()
}

// detach makes Write queue messages from now on.
func (q *queue) detach() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.link = nil
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

// end drops the queued messages, and makes Write fail from now on.
func (q *queue) end(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = ErrEnded
	if cause != nil {
		q.err = fmt.Errorf("%w: %w", ErrEnded, cause)
	}
	q.messages, q.size, q.link = nil, 0, nil
	q.signal()
}

// await waits for a change. It releases the lock while it waits.
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
