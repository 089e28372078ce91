package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Sending: whoever finds nobody sending sends for all who queued meanwhile, with
// one system call. There is no goroutine per connection for it.

const (
	holdBytes  = 96 << 10 // so much held back leaves at once
	sendRounds = 16       // so often a goroutine sends what others queued before it hands over
)

// leave decides when what is pending is sent: by whoever is sending, with the
// replies to come, or now.
func (c *Conn) leave(ctx context.Context) error {
	w := &c.out
	if w.sending == nil && w.batch.Load() && size(w.pending) < holdBytes && c.settings.FlushDelay > 0 {
		c.holdBack()
		if w.batch.Load() { // else whoever reads may have gone to wait without having seen it
			return nil
		}
	}
	return c.flushLocked(ctx)
}

// holdBack bounds the time for which replies are held back, even if the
// application stalls.
func (c *Conn) holdBack() {
	w := &c.out
	if !w.held.Load() {
		w.held.Store(true)
	}
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

// stopHolding is called when what was held back leaves, or never will.
func (w *writer) stopHolding() {
	if w.held.Load() {
		w.held.Store(false)
	}
	if w.holding {
		w.holding = false
		w.hold.Stop()
	}
}

// flush sends what is pending.
func (c *Conn) flush() {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.flushLocked(context.Background())
}

// offhand is the context of what whoever reads sends on the way: it must not wait
// for the peer, who may wait for it.
var offhand = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// flushOffhand sends what was held back, for whoever reads and goes to wait.
func (c *Conn) flushOffhand() {
	if !c.out.held.Load() {
		return
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.flushLocked(offhand)
}

// flushLocked sends until nothing is pending, unless somebody else does. While
// it sends it gives up the lock.
func (c *Conn) flushLocked(ctx context.Context) error {
	w := &c.out
	for round := 0; w.err == nil && w.sending == nil && !w.empty(); round++ {
		if round == sendRounds {
			go c.flush() // others keep queueing: what the caller wanted sent is long gone
			return nil
		}
		if err := c.send(ctx, codec.Header{}, nil); err != nil {
			return err
		}
	}
	if w.sending != nil {
		return nil
	}
	return w.err
}

// sending is what one goroutine sends at a time. It is borrowed for as long.
type sending struct {
	buffers [4]*pool.Buffer // Pong, Pings, pending, and a payload that was kept
	header  [codec.MaxHeaderSize]byte
	vectors [5][]byte
	rest    net.Buffers // the part of vectors that is not sent
}

// pendingBuffer is the place of pending in buffers.
const pendingBuffer = 2

var sendings = sync.Pool{New: func() any { return new(sending) }}

// sendingOne stands for what trySendOne sends: it has that itself.
var sendingOne sending

// gather takes what is pending, with a frame of h and payload behind it unless
// payload is nil.
func (w *writer) gather(h codec.Header, payload []byte) *sending {
	s := sendings.Get().(*sending)
	s.buffers = [...]*pool.Buffer{w.pong, w.ping, w.pending, nil}
	w.pong, w.ping, w.pending = nil, nil, nil
	s.rest = s.vectors[:0]
	for _, b := range s.buffers {
		if b != nil {
			s.rest = append(s.rest, b.B)
		}
	}
	if payload != nil {
		s.rest = append(s.rest, codec.AppendHeader(s.header[:0], h), payload)
	}
	return s
}

// keepPayload copies what is left of the payload, which belongs to a caller that
// will not wait for the end of its sending.
func (s *sending) keepPayload() {
	last := &s.rest[len(s.rest)-1]
	kept := pool.Get(len(*last))
	kept.B = append(kept.B, *last...)
	s.buffers[len(s.buffers)-1], *last = kept, kept.B
}

// release gives back what was borrowed.
func (s *sending) release() {
	for _, b := range s.buffers {
		pool.Put(b)
	}
	*s = sending{}
	sendings.Put(s)
}

// send sends what is pending, with a frame of h and payload behind it unless
// payload is nil. It must not be called while somebody sends. Meanwhile it gives
// up the lock.
func (c *Conn) send(ctx context.Context, h codec.Header, payload []byte) error {
	w := &c.out
	w.stopHolding()
	if payload != nil || w.ping != nil || w.pong != nil {
		return c.sendGathered(ctx, w.gather(h, payload), payload != nil)
	}
	b := w.pending
	w.pending = nil
	return c.sendOne(ctx, b.B, b)
}

// sendOne is send for one slice of whole frames: the common case, for which nothing is
// gathered. b is the buffer that it is in, nil if it never changes.
func (c *Conn) sendOne(ctx context.Context, frames []byte, b *pool.Buffer) error {
	left, err := c.trySendOne(frames, b, c.mayLeave(ctx))
	if left == nil {
		return err
	}
	return c.sendGathered(ctx, left, false)
}

// mayLeave reports whether whoever sends need not stay until all is sent.
func (c *Conn) mayLeave(ctx context.Context) bool {
	return c.settings.Overflow != Block || ctx.Done() != nil && c.socket.vectored()
}

// trySendOne sends frames, and returns what did not go at once; nil if there is nothing
// left, or it failed.
func (c *Conn) trySendOne(frames []byte, b *pool.Buffer, mayLeave bool) (left *sending, err error) {
	w := &c.out
	w.sending = &sendingOne
	w.mu.Unlock()
	n, err := c.socket.sendOne(frames, mayLeave, c.settings.WriteTimeout)
	if err == nil && n < len(frames) {
		left = sendings.Get().(*sending)
		left.buffers[pendingBuffer] = b
		left.rest = append(left.vectors[:0], frames[n:])
		w.mu.Lock()
		return left, nil
	}
	pool.Put(b)
	w.mu.Lock()
	c.sent(err)
	return nil, w.err
}

// sendGathered sends s. If lent the last part of it is the caller's.
func (c *Conn) sendGathered(ctx context.Context, s *sending, lent bool) error {
	w := &c.out
	w.sending = s
	w.mu.Unlock()
	mayLeave := c.mayLeave(ctx)
	err := c.socket.trySend(&s.rest, mayLeave)
	if err == nil && len(s.rest) > 0 {
		if mayLeave {
			if lent {
				s.keepPayload()
			}
			go c.finishSend()
			w.mu.Lock()
			return c.awaitSend(ctx)
		}
		err = c.socket.send(&s.rest, c.settings.WriteTimeout)
	}
	w.mu.Lock()
	c.sent(err)
	return w.err
}

// finishSend sends what is left, on a goroutine of its own: nobody waits for it.
func (c *Conn) finishSend() {
	err := c.socket.send(&c.out.sending.rest, c.settings.WriteTimeout)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.sent(err)
	c.flushLocked(context.Background())
}

// awaitSend waits for finishSend if writes may wait, for as long as ctx allows.
func (c *Conn) awaitSend(ctx context.Context) error {
	for c.out.sending != nil && c.settings.Overflow == Block {
		if err := c.out.waitChange(ctx); err != nil {
			return err
		}
	}
	return c.out.err
}

// sent ends what send began.
func (c *Conn) sent(err error) {
	w := &c.out
	if w.sending != &sendingOne {
		w.sending.release()
	}
	w.sending = nil
	w.signal()
	if err != nil {
		w.fail(err)
		c.socket.reset() // ends the read under way
	}
}

// waitTurn waits for a change in favour of a message that is to be sent.
func (w *writer) waitTurn(ctx context.Context) error {
	if w.encoder.Closed() {
		return ErrClosed
	}
	return w.waitChange(ctx)
}

// waitChange waits until something of the writer has changed. Meanwhile it
// gives up the lock.
func (w *writer) waitChange(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
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
		return ctx.Err()
	}
}

// signal wakes those who wait for a change.
func (w *writer) signal() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// fail makes err what every later write returns, and drops what is pending.
func (w *writer) fail(err error) {
	if w.err == nil {
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.err = fmt.Errorf("websocket: write: %w", ErrTimeout)
		case errors.Is(err, net.ErrClosed):
			w.err = ErrClosed
		default:
			w.err = fmt.Errorf("websocket: write: %w", err)
		}
	}
	for _, b := range []*pool.Buffer{w.pong, w.ping, w.pending} {
		pool.Put(b)
	}
	w.pong, w.ping, w.pending = nil, nil, nil
	w.stopHolding()
	w.signal()
}
