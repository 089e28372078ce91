package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/pool"
)

// Sending: the caller → session.Sender, the outbox → transport. There is no goroutine
// per connection for it: concurrent writes are coalesced, and one of the callers sends
// for all of them, with one system call.

// sending is the sending half of a Conn. All but delay and closing is guarded by mu.
type sending struct {
	delay   session.Delay
	closing atomic.Bool // a Close frame was put into the outbox

	mu sync.Mutex
	session.Sender
	holding     bool // replies are delayed: hold runs
	compression *session.Compression
	hold        *time.Timer // bounds the delay, once there was one
	stall       *stall      // of a send that may block; nil before the first
	rare        *rare       // nil before it is needed
}

// rare holds fields of the sending half that few connections need.
type rare struct {
	pings                             // conn_ping.go
	changed chan struct{}             // closed when something of the sending half has changed; nil if nobody waits
	message instant.Instant           // when the last message was written, if there is an IdleTimeout
	after   func()                    // what AfterClose was given
	before  func(ctx context.Context) // what BeforeClose was given
}

// need returns rare, and allocates it if necessary.
func (w *sending) need() *rare {
	if w.rare == nil {
		w.rare = new(rare)
	}
	return w.rare
}

// sendRounds is how often a goroutine sends what others queued before it passes this on
// to a new goroutine.
const sendRounds = 16

// unlock unlocks the outbox. If nothing can be sent any more, because a send has failed,
// it ends the connection.
func (c *Conn) unlock() {
	err := c.out.Err()
	c.out.mu.Unlock()
	if err != nil && !c.life.Closed() {
		c.end(&CloseError{Code: StatusAbnormalClosure, Err: err}, err, true)
	}
}

// dispatch decides when the outbox is sent: by the send under way, with the replies to
// come, or now.
func (c *Conn) dispatch(ctx context.Context) error {
	w := &c.out
	if w.delay.Open() && !w.Sending() && w.Size() < session.DelayBytes && c.settings.FlushDelay > 0 {
		c.boundDelay()
		if w.delay.Try() {
			return nil
		}
	}
	return c.flushLocked(ctx)
}

// boundDelay bounds the time for which replies are delayed, also if the application
// stalls.
func (c *Conn) boundDelay() {
	w := &c.out
	if w.holding {
		return
	}
	w.holding = true
	if w.hold == nil {
		w.hold = time.AfterFunc(c.settings.FlushDelay, c.flush)
	} else {
		w.hold.Reset(c.settings.FlushDelay)
	}
}

// flushed is called when the outbox is taken, or dropped.
func (w *sending) flushed() {
	w.delay.Flushed()
	if w.holding {
		w.holding = false
		w.hold.Stop()
	}
}

// flush sends the outbox.
func (c *Conn) flush() {
	c.out.mu.Lock()
	defer c.unlock()
	c.flushLocked(context.Background())
}

// offhand is the context of what a goroutine sends that must not wait for the peer: the
// reading one, since the peer may wait for it.
var offhand = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// flushDelayed sends delayed replies before the reading goroutine waits.
func (c *Conn) flushDelayed() {
	if c.out.delay.Wait() {
		c.out.mu.Lock()
		defer c.unlock()
		c.flushLocked(offhand)
	}
}

// flushLocked sends until the outbox is empty, unless a send is under way, which does
// so. While it sends it gives up the lock. What a caller with the context offhand cannot
// leave is sent on another goroutine.
func (c *Conn) flushLocked(ctx context.Context) error {
	w := &c.out
	if ctx == offhand && !w.Sending() && c.transport.MayBlock(w.Size()) {
		go c.flush()
		return w.Err()
	}
	for round := 0; w.Err() == nil && !w.Sending() && !w.Empty(); round++ {
		if round == sendRounds {
			go c.flush() // others keep queueing: what the caller wanted sent is long gone
			return nil
		}
		if err := c.sendOutbox(ctx); err != nil {
			return err
		}
	}
	if w.Sending() {
		return nil
	}
	return w.Err()
}

// sendOutbox sends the outbox. It must not be called while a send is under way.
// Meanwhile it gives up the lock.
func (c *Conn) sendOutbox(ctx context.Context) error {
	w := &c.out
	w.flushed()
	if !w.Single() {
		return c.sendBatch(ctx, w.Take(codec.Header{}, nil), false)
	}
	b := w.TakeOne()
	return c.sendOne(ctx, b.B, b)
}

// sendOne sends one slice of whole frames: the common case, for which nothing is
// gathered. The send has begun. b is the buffer that it is in, nil if it never changes.
func (c *Conn) sendOne(ctx context.Context, frames []byte, b *pool.Buffer) error {
	rest, err := c.trySendOne(frames, b, c.mayLeave(ctx))
	if rest == nil {
		return err
	}
	return c.sendBatch(ctx, rest, false)
}

// mayLeave reports whether a caller may return before all is sent.
func (c *Conn) mayLeave(ctx context.Context) bool {
	return c.settings.Overflow != Block || ctx.Done() != nil && c.transport.Vectored()
}

// trySendOne sends frames, and returns what was not sent at once; nil if there is nothing
// left, or it failed.
func (c *Conn) trySendOne(frames []byte, b *pool.Buffer, mayLeave bool) (rest *session.Batch, err error) {
	w := &c.out
	if !mayLeave && !c.transport.Raw() {
		c.watchSend(len(frames))
	}
	w.mu.Unlock()
	n, err := c.transport.TrySendOne(frames, mayLeave)
	if err == nil && n < len(frames) {
		w.mu.Lock()
		return w.Left(frames[n:], b), nil
	}
	pool.Put(b)
	w.mu.Lock()
	c.sent(err)
	return nil, w.Err()
}

// sendBatch sends b. If lent, the last slice of it is the caller's.
func (c *Conn) sendBatch(ctx context.Context, b *session.Batch, lent bool) error {
	w := &c.out
	w.mu.Unlock()
	mayLeave := c.mayLeave(ctx)
	err := c.transport.TrySend(&b.Rest, mayLeave)
	if err == nil && len(b.Rest) > 0 {
		if mayLeave {
			if lent {
				b.KeepPayload()
			}
			go c.finishSend(b)
			w.mu.Lock()
			return c.awaitSend(ctx)
		}
		err = c.sendBlocking(b)
	}
	w.mu.Lock()
	c.sent(err)
	return w.Err()
}

// sendBlocking sends b, and waits for the peer.
func (c *Conn) sendBlocking(b *session.Batch) error {
	c.out.mu.Lock()
	c.watchSend(briefSend) // it has blocked
	c.out.mu.Unlock()
	return c.transport.Send(&b.Rest)
}

// finishSend sends what is left of b, on a goroutine of its own.
func (c *Conn) finishSend(b *session.Batch) {
	err := c.sendBlocking(b)
	c.out.mu.Lock()
	defer c.unlock()
	c.sent(err)
	c.flushLocked(context.Background())
}

// awaitSend waits for finishSend if writes may wait, for as long as ctx allows.
func (c *Conn) awaitSend(ctx context.Context) error {
	for c.out.Sending() && c.settings.Overflow == Block {
		if err := c.out.waitChange(ctx); err != nil {
			return err
		}
	}
	return c.out.Err()
}

// sent ends the send under way.
func (c *Conn) sent(err error) {
	w := &c.out
	w.Sent()
	if s := w.stall; s != nil {
		now := instant.Never
		if s.Timed() {
			now = instant.Now()
		}
		s.End(now)
	}
	w.signal()
	if err != nil {
		w.fail(writeError(err))
	}
}

func writeError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return ErrClosed
	}
	return fmt.Errorf("websocket: write: %w", err)
}

// fail makes err what every later write returns, unless one was before, and drops what
// is in the outbox.
func (w *sending) fail(err error) {
	w.Fail(err)
	w.flushed()
	if w.compression != nil {
		w.compression.Out.Reset()
	}
	if w.stall != nil && w.stall.timer != nil {
		w.stall.timer.Stop()
	}
	if w.rare != nil {
		w.rare.pings.end()
	}
	w.signal()
}

// waitTurn waits for a change in favour of a message that is to be sent.
func (w *sending) waitTurn(ctx context.Context) error {
	if w.Closed() {
		return ErrClosed
	}
	return w.waitChange(ctx)
}

// waitChange waits until something of the sending half has changed. Meanwhile it
// gives up the lock.
func (w *sending) waitChange(ctx context.Context) error {
	if err := w.Err(); err != nil {
		return err
	}
	if w.need().changed == nil {
		w.rare.changed = make(chan struct{})
	}
	changed := w.rare.changed
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes the goroutines that wait for a change.
func (w *sending) signal() {
	if w.rare != nil && w.rare.changed != nil {
		close(w.rare.changed)
		w.rare.changed = nil
	}
}

// sendControl sends a Ping or a Pong, ahead of what waits.
func (c *Conn) sendControl(ctx context.Context, op Opcode, p []byte) error {
	c.out.mu.Lock()
	defer c.unlock()
	if err := c.refused(c.out.AppendControl(op, p)); err != nil {
		return err
	}
	return c.dispatchControl(ctx)
}

// dispatchControl is dispatch, unless the send under way will send the control frame.
func (c *Conn) dispatchControl(ctx context.Context) error {
	if c.out.Sending() {
		return nil
	}
	return c.dispatch(ctx)
}

// sendClose sends a Close frame behind the outbox, unless one was sent.
func (c *Conn) sendClose(ctx context.Context, code StatusCode, reason string) {
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	var payload [codec.MaxControlPayload]byte
	p, err := codec.AppendClose(payload[:0], code, reason)
	if err != nil || w.Append(codec.Header{Fin: true, Opcode: codec.OpClose}, p) != nil {
		return
	}
	w.closing.Store(true)
	w.signal() // writes that wait fail now
	c.flushLocked(ctx)
}

// sendLast sends the outbox as far as that is possible without waiting.
func (c *Conn) sendLast() {
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	if w.Err() != nil || w.Sending() || w.Empty() {
		return
	}
	w.flushed()
	b := w.Take(codec.Header{}, nil)
	w.mu.Unlock()
	c.transport.SendNow(&b.Rest)
	w.mu.Lock()
	c.sent(nil)
}
