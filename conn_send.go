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

// Sending: the caller → session.Sender, the outbox → transport. It needs no goroutine per
// connection: concurrent writes are coalesced, and one of the callers sends for all of
// them, with one system call.

// sending is the sending half of a Conn. mu guards all fields except delay and closing.
type sending struct {
	*link
	delay   session.Delay
	closing atomic.Bool // a Close frame was put into the outbox

	mu sync.Mutex
	session.Sender
	holding     bool // replies are delayed: hold runs
	compression *session.Compression
	hold        *time.Timer // ends the delay; nil before the first
	stall       *stall      // of a send that may block; nil before the first
	rare        *rare       // nil before it is needed
}

// rare holds fields of the sending half that few connections need.
type rare struct {
	pings                             // conn_ping.go
	changed chan struct{}             // closed when the state of the sending half changes; nil if no call waits
	message instant.Instant           // when the last message was written, if there is an IdleTimeout
	after   func()                    // calls the functions of AfterClose
	before  func(ctx context.Context) // calls the functions of BeforeClose
	flushed chan struct{}             // closed when before has returned; nil until it is called
}

// need returns rare, and allocates it if necessary.
func (w *sending) need() *rare {
	if w.rare == nil {
		w.rare = new(rare)
	}
	return w.rare
}

// sendRounds is how often a call sends the outbox while others refill it, before a new
// goroutine takes over.
const sendRounds = 16

// unlock unlocks the outbox. If a send has failed, so that nothing can be sent any more,
// unlock ends the connection.
func (w *sending) unlock() {
	err := w.Err()
	w.mu.Unlock()
	if err != nil && !w.life.Closed() {
		w.conn.end(&CloseError{Code: StatusAbnormalClosure, Err: err}, err, true)
	}
}

// dispatch sends the outbox now, unless it can be coalesced with later replies, or a send
// under way continues with it.
func (w *sending) dispatch(ctx context.Context) error {
	if w.delay.Open() && !w.Sending() && w.Size() < session.DelayBytes && w.settings.FlushDelay > 0 {
		w.boundDelay()
		if w.delay.Try() {
			return nil
		}
	}
	return w.flushLocked(ctx)
}

// boundDelay starts a timer that sends delayed replies even if the application stalls.
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

// flushed ends the delay of replies. It is called when the outbox is taken or dropped.
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

// offhand is the context of sends that must not wait for the peer, such as those of the
// reading goroutine: the peer may take nothing until that goroutine reads. It has ended.
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

// flushLocked sends until the outbox is empty. If a send is under way, that send
// continues with the outbox, and flushLocked returns. It releases the lock while it
// sends. If ctx is offhand and the send may block, another goroutine sends.
func (w *sending) flushLocked(ctx context.Context) error {
	if ctx == offhand && !w.Sending() && w.transport.MayBlock(w.Size()) {
		go w.flush()
		return w.Err()
	}
	for round := 0; w.Err() == nil && !w.Sending() && !w.Empty(); round++ {
		if round == sendRounds {
			go w.flush() // the message of the caller was sent in an earlier round
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

// sendOutbox sends the outbox. It must not be called while a send is under way. It
// releases the lock while it sends.
func (w *sending) sendOutbox(ctx context.Context) error {
	w.flushed()
	if !w.Single() {
		return w.sendBatch(ctx, w.Take(codec.Header{}, nil), false)
	}
	b := w.TakeOne()
	return w.sendOne(ctx, b.B, b)
}

// sendOne sends one slice of whole frames: the common case, which needs no Batch. The
// caller has begun the send. b is the buffer of frames, or nil if frames never changes.
func (w *sending) sendOne(ctx context.Context, frames []byte, b *pool.Buffer) error {
	rest, err := w.trySendOne(frames, b, w.mayLeave(ctx))
	if rest == nil {
		return err
	}
	return w.sendBatch(ctx, rest, false)
}

// mayLeave reports whether a call may return before everything was sent: writes do not
// wait, or ctx can end and the transport allows an interruption.
func (w *sending) mayLeave(ctx context.Context) bool {
	return w.settings.Overflow != Block || ctx.Done() != nil && w.transport.Vectored()
}

// trySendOne sends frames, and returns the part that could not be sent at once. rest is
// nil if everything was sent, or if the send failed.
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

// sendBatch sends b. borrowed reports that the last slice of b belongs to the caller.
func (w *sending) sendBatch(ctx context.Context, b *session.Batch, borrowed bool) error {
	w.mu.Unlock()
	mayLeave := w.mayLeave(ctx)
	err := w.transport.TrySend(&b.Rest, mayLeave)
	if err == nil && len(b.Rest) > 0 {
		if mayLeave {
			if borrowed {
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

// sendBlocking sends b, and blocks while the peer takes nothing.
func (w *sending) sendBlocking(b *session.Batch) error {
	w.mu.Lock()
	w.watchSend(briefSend) // large enough to be timed, because it has blocked
	w.mu.Unlock()
	return w.transport.Send(&b.Rest)
}

// finishSend sends the rest of b, on a goroutine of its own.
func (w *sending) finishSend(b *session.Batch) {
	err := w.sendBlocking(b)
	w.mu.Lock()
	defer w.unlock()
	w.sent(err)
	w.flushLocked(context.Background())
}

// awaitSend waits for finishSend until ctx ends. It does not wait if Options.Overflow
// forbids that.
func (w *sending) awaitSend(ctx context.Context) error {
	for w.Sending() && w.settings.Overflow == Block {
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
	return w.Err()
}

// sent ends the send under way. If err is not nil, the sending half fails.
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

// fail drops the outbox, and makes every later write return err, or an earlier error.
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

// waitTurn waits for a change after which a message may be sent. After a Close frame it
// returns ErrClosed.
func (w *sending) waitTurn(ctx context.Context) error {
	if w.Closed() {
		return ErrClosed
	}
	return w.waitChange(ctx)
}

// waitChange waits until the state of the sending half changes, or ctx ends. It releases
// the lock while it waits.
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

// signal wakes the calls of waitChange.
func (w *sending) signal() {
	if w.rare != nil && w.rare.changed != nil {
		close(w.rare.changed)
		w.rare.changed = nil
	}
}

// sendControl sends a Ping or a Pong, before messages that wait for the send under way.
func (w *sending) sendControl(ctx context.Context, op Opcode, p []byte) error {
	w.mu.Lock()
	defer w.unlock()
	if err := w.refused(w.AppendControl(op, p)); err != nil {
		return err
	}
	return w.dispatchControl(ctx)
}

// dispatchControl is dispatch for a control frame. If a send is under way, that send
// continues with it.
func (w *sending) dispatchControl(ctx context.Context) error {
	if w.Sending() {
		return nil
	}
	return w.dispatch(ctx)
}

// sendClose adds a Close frame to the end of the outbox, and sends it, unless one was
// added before.
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

// sendLast sends as much of the outbox as is possible without waiting.
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
