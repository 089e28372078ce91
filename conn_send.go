package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/zerowire/websocket/pool"
)

// Sending: whoever finds nobody sending sends for all who queued meanwhile, with
// one system call. There is no goroutine per connection for it.

const (
	holdBytes  = 16 << 10 // so much held back leaves at once
	sendRounds = 16       // so often a goroutine sends what others queued before it hands over

	keptPayload = 3 // place in writer.sending
)

// leave decides when what is pending is sent: by whoever is sending, with the
// replies to come, or now.
func (c *Conn) leave(ctx context.Context) error {
	w := &c.out
	if !w.writing && w.batch.Load() && size(w.pending) < holdBytes && c.settings.Hold > 0 {
		c.holdBack()
		return nil
	}
	return c.flushLocked(ctx)
}

// holdBack bounds the time for which replies are held back, even if the
// application stalls.
func (c *Conn) holdBack() {
	w := &c.out
	if w.holding {
		return
	}
	w.holding = true
	if w.hold == nil {
		w.hold = time.AfterFunc(c.settings.Hold, c.flush)
	} else {
		w.hold.Reset(c.settings.Hold)
	}
}

// stopHolding is called when what was held back leaves, or never will.
func (w *writer) stopHolding() {
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

// flushLocked sends until nothing is pending, unless somebody else does. While
// it sends it gives up the lock.
func (c *Conn) flushLocked(ctx context.Context) error {
	w := &c.out
	for round := 0; w.err == nil && !w.writing && (w.pending != nil || w.ping != nil || w.pong != nil); round++ {
		if round == sendRounds {
			go c.flush() // others keep queueing: what the caller wanted sent is long gone
			return nil
		}
		if err := c.send(ctx, nil, nil); err != nil {
			return err
		}
	}
	if w.writing {
		return nil
	}
	return w.err
}

// send sends what is pending, with header and payload behind it. It must not be
// called while somebody sends. Meanwhile it gives up the lock.
func (c *Conn) send(ctx context.Context, header, payload []byte) error {
	w := &c.out
	w.stopHolding()
	w.writing = true
	w.rest = w.vectors[:0]
	w.sending = [...]*pool.Buffer{w.pong, w.ping, w.pending, keptPayload: nil}
	w.pong, w.ping, w.pending = nil, nil, nil
	for _, b := range w.sending {
		if b != nil {
			w.rest = append(w.rest, b.B)
		}
	}
	if header != nil {
		w.rest = append(w.rest, header, payload)
	}
	w.mu.Unlock()
	err := c.socket.trySend(&w.rest)
	if err == nil && len(w.rest) > 0 {
		if c.settings.Overflow != Block || ctx.Done() != nil && c.socket.vectored() {
			if header != nil {
				w.keepPayload()
			}
			go c.finishSend()
			w.mu.Lock()
			return c.awaitSend(ctx)
		}
		err = c.socket.send(&w.rest, c.settings.WriteTimeout)
	}
	w.mu.Lock()
	c.sent(err)
	return w.err
}

// keepPayload copies what is left of a payload that belongs to the caller, who
// will not wait for the end of its sending.
func (w *writer) keepPayload() {
	last := &w.rest[len(w.rest)-1]
	kept := pool.Get(len(*last))
	kept.B = append(kept.B, *last...)
	w.sending[keptPayload], *last = kept, kept.B
}

// finishSend sends what is left, on a goroutine of its own: nobody waits for it.
func (c *Conn) finishSend() {
	err := c.socket.send(&c.out.rest, c.settings.WriteTimeout)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.sent(err)
	c.flushLocked(context.Background())
}

// awaitSend waits for finishSend if writes may wait, for as long as ctx allows.
func (c *Conn) awaitSend(ctx context.Context) error {
	for c.out.writing && c.settings.Overflow == Block {
		if err := c.out.waitChange(ctx); err != nil {
			return err
		}
	}
	return c.out.err
}

// sent ends what send began.
func (c *Conn) sent(err error) {
	w := &c.out
	for i, b := range w.sending {
		pool.Put(b)
		w.sending[i] = nil
	}
	w.vectors = [len(w.vectors)][]byte{} // forget the caller's payload
	w.writing = false
	w.signal()
	if err != nil {
		w.fail(err)
		c.socket.nc.Close() // ends the read under way
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
