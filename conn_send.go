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
	*link
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
func (w *sending) unlock() {
	err := w.Err()
	w.mu.Unlock()
	if err != nil && !w.life.Closed() {
		w.conn.end(&CloseError{Code: StatusAbnormalClosure, Err: err}, err, true)
	}
}

// dispatch decides when the outbox is sent: by the send under way, with the replies to
// come, or now.
func (w *sending) dispatch(ctx context.Context) error {
	if w.delay.Open() && !w.Sending() && w.Size() < session.DelayBytes && w.settings.FlushDelay > 0 {
		w.boundDelay()
		if w.delay.Try() {
			return nil
		}
	}
	return w.flushLocked(ctx)
}

// boundDelay bounds the time for which replies are delayed, also if the application
// stalls.
func (w *sending) boundDelay() {
	if w.holding {
		return
	}
	w.holding = true
	if w.hold == nil {
		w.hold = time.AfterFunc(w.settings.FlushDelay, w.flush)
	} else {
		w.hold.Reset(w.settings.FlushDelay)
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
func (w *sending) flush() {
	w.mu.Lock()
	defer w.unlock()
	w.flushLocked(context.Background())
}

// offhand is the context of what a goroutine sends that must not wait for the peer: the
// reading one, since the peer may wait for it.
var offhand = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// flushDelayed sends delayed replies before the reading goroutine waits.
func (w *sending) flushDelayed() {
	if w.delay.Wait() {
		w.mu.Lock()
		defer w.unlock()
		w.flushLocked(offhand)
	}
}

// flushLocked sends until the outbox is empty, unless a send is under way, which does
// so. While it sends it gives up the lock. What a caller with the context offhand cannot
// leave is sent on another goroutine.
func (w *sending) flushLocked(ctx context.Context) error {
	if ctx == offhand && !w.Sending() && w.transport.MayBlock(w.Size()) {
		go w.flush()
		return w.Err()
	}
	for round := 0; w.Err() == nil && !w.Sending() && !w.Empty(); round++ {
		if round == sendRounds {
			go w.flush() // others keep queueing: what the caller wanted sent is long gone
			return nil
		}
		if err := w.sendOutbox(ctx); err != nil {
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
func (w *sending) sendOutbox(ctx context.Context) error {
	w.flushed()
	if !w.Single() {
		return w.sendBatch(ctx, w.Take(codec.Header{}, nil), false)
	}
	b := w.TakeOne()
	return w.sendOne(ctx, b.B, b)
}

// sendOne sends one slice of whole frames: the common case, for which nothing is
// gathered. The send has begun. b is the buffer that it is in, nil if it never changes.
func (w *sending) sendOne(ctx context.Context, frames []byte, b *pool.Buffer) error {
	rest, err := w.trySendOne(frames, b, w.mayLeave(ctx))
	if rest == nil {
		return err
	}
	return w.sendBatch(ctx, rest, false)
}

// mayLeave reports whether a caller may return before all is sent.
func (w *sending) mayLeave(ctx context.Context) bool {
	return w.settings.Overflow != Block || ctx.Done() != nil && w.transport.Vectored()
}

// trySendOne sends frames, and returns what was not sent at once; nil if there is nothing
// left, or it failed.
func (w *sending) trySendOne(frames []byte, b *pool.Buffer, mayLeave bool) (rest *session.Batch, err error) {
	if !mayLeave && !w.transport.Raw() {
		w.watchSend(len(frames))
	}
	w.mu.Unlock()
	n, err := w.transport.TrySendOne(frames, mayLeave)
	if err == nil && n < len(frames) {
		w.mu.Lock()
		return w.Left(frames[n:], b), nil
	}
	pool.Put(b)
	w.mu.Lock()
	w.sent(err)
	return nil, w.Err()
}

// sendBatch sends b. If lent, the last slice of it is the caller's.
func (w *sending) sendBatch(ctx context.Context, b *session.Batch, lent bool) error {
	w.mu.Unlock()
	mayLeave := w.mayLeave(ctx)
	err := w.transport.TrySend(&b.Rest, mayLeave)
	if err == nil && len(b.Rest) > 0 {
		if mayLeave {
			if lent {
				b.KeepPayload()
			}
			go w.finishSend(b)
			w.mu.Lock()
			return w.awaitSend(ctx)
		}
		err = w.sendBlocking(b)
	}
	w.mu.Lock()
	w.sent(err)
	return w.Err()
}

// sendBlocking sends b, and waits for the peer.
func (w *sending) sendBlocking(b *session.Batch) error {
	w.mu.Lock()
	w.watchSend(briefSend) // it has blocked
	w.mu.Unlock()
	return w.transport.Send(&b.Rest)
}

// finishSend sends what is left of b, on a goroutine of its own.
func (w *sending) finishSend(b *session.Batch) {
	err := w.sendBlocking(b)
	w.mu.Lock()
	defer w.unlock()
	w.sent(err)
	w.flushLocked(context.Background())
}

// awaitSend waits for finishSend if writes may wait, for as long as ctx allows.
func (w *sending) awaitSend(ctx context.Context) error {
	for w.Sending() && w.settings.Overflow == Block {
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
	return w.Err()
}

// sent ends the send under way.
func (w *sending) sent(err error) {
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
func (w *sending) sendControl(ctx context.Context, op Opcode, p []byte) error {
	w.mu.Lock()
	defer w.unlock()
	if err := w.refused(w.AppendControl(op, p)); err != nil {
		return err
	}
	return w.dispatchControl(ctx)
}

// dispatchControl is dispatch, unless the send under way will send the control frame.
func (w *sending) dispatchControl(ctx context.Context) error {
	if w.Sending() {
		return nil
	}
	return w.dispatch(ctx)
}

// sendClose sends a Close frame behind the outbox, unless one was sent.
func (w *sending) sendClose(ctx context.Context, code StatusCode, reason string) {
	w.mu.Lock()
	defer w.unlock()
	var payload [codec.MaxControlPayload]byte
	p, err := codec.AppendClose(payload[:0], code, reason)
	if err != nil || w.Append(codec.Header{Fin: true, Opcode: codec.OpClose}, p) != nil {
		return
	}
	w.closing.Store(true)
	w.signal() // writes that wait fail now
	w.flushLocked(ctx)
}

// sendLast sends the outbox as far as that is possible without waiting.
func (w *sending) sendLast() {
	w.mu.Lock()
	defer w.unlock()
	if w.Err() != nil || w.Sending() || w.Empty() {
		return
	}
	w.flushed()
	b := w.Take(codec.Header{}, nil)
	w.mu.Unlock()
	w.transport.SendNow(&b.Rest)
	w.mu.Lock()
	w.sent(nil)
}
