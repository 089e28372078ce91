package websocket

import (
	"context"
	"sync/atomic"
)

// turn says who reads from the connection. Whoever has it owns the reading half.
type turn struct {
	holder  atomic.Uint32
	waiting atomic.Int32                  // how many wait for yield
	free    atomic.Pointer[chan struct{}] // tells one of them that the turn was yielded; nil until somebody waits
}

// The holders.
const (
	nobody     uint32 = iota
	appRead           // a method that the application called
	readAhead         // the library, while the application does not read
	closeRead         // Close, which waits for the peer's Close frame
	eventLoop         // the goroutine that a Handler is called on; it never yields
	nowOrNever        // CloseNow, for as long as it frees buffers
)

// take takes the turn if nobody has it.
func (t *turn) take(holder uint32) bool { return t.holder.CompareAndSwap(nobody, holder) }

// yield gives the turn up.
func (t *turn) yield() {
	t.holder.Store(nobody)
	t.wake()
}

// wake has one of those who wait look again.
func (t *turn) wake() {
	if t.waiting.Load() > 0 {
		select {
		case t.channel() <- struct{}{}:
		default:
		}
	}
}

// await waits until the turn may be free.
func (t *turn) await(ctx context.Context) error {
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	if t.holder.Load() == nobody {
		return nil
	}
	select {
	case <-t.channel():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turn) channel() chan struct{} {
	if t.free.Load() == nil {
		free := make(chan struct{}, 1)
		t.free.CompareAndSwap(nil, &free)
	}
	return *t.free.Load()
}

// takeRead takes the turn for a read of the application's.
func (c *Conn) takeRead(ctx context.Context) error {
	t := &c.in.turn
	for !t.take(appRead) {
		switch t.holder.Load() {
		case appRead:
			return ErrConcurrentRead
		case eventLoop:
			t.wake()
			return ErrHandlerReads
		case readAhead:
			c.in.wait.recall(c.socket.nc, t)
		}
		if err := t.await(ctx); err != nil {
			return err
		}
	}
	c.in.lent = false
	if err := c.in.wait.begin(ctx, c.socket.nc); err != nil {
		t.yield()
		return err
	}
	return nil
}

// yieldRead gives the turn back after a read of the application's. lent says
// that it has got bytes of a buffer.
func (c *Conn) yieldRead(lent bool) {
	c.in.lent = lent
	c.in.wait.finish()
	ended := c.in.err != nil
	c.in.turn.yield()
	if !ended {
		c.watchReader()
	}
	c.freeIfClosed()
}

// freeIfClosed does what CloseNow could not, because somebody had the turn.
func (c *Conn) freeIfClosed() {
	if c.end.local.Load() {
		c.CloseNow()
	}
}

// takeClose takes the turn for Close, as soon as nobody else has it. It returns
// false if that will never be, because a Handler is served.
func (c *Conn) takeClose() bool {
	t := &c.in.turn
	for !t.take(closeRead) {
		switch t.holder.Load() {
		case eventLoop:
			t.wake()
			return false
		case readAhead:
			c.in.wait.recall(c.socket.nc, t)
		}
		t.await(context.Background())
	}
	c.in.leave()
	return true
}

// takeEvents takes the turn for serving a Handler. It returns false if somebody
// reads.
func (c *Conn) takeEvents() bool {
	t := &c.in.turn
	for !t.take(eventLoop) {
		switch t.holder.Load() {
		case appRead, closeRead, eventLoop:
			return false
		case readAhead:
			c.in.wait.recall(c.socket.nc, t)
		}
		t.await(context.Background())
	}
	t.wake()
	c.in.leave()
	c.in.events = true
	return true
}
