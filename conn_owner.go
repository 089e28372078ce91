package websocket

import (
	"context"
	"sync/atomic"
)

// owner is the owner of reading: at most one goroutine at a time, to which the
// receiving half of the connection belongs.
type owner struct {
	holder  atomic.Uint32
	waiting atomic.Int32                  // how many goroutines wait for yield
	free    atomic.Pointer[chan struct{}] // wakes one of them; nil until one waits
}

// The holders.
const (
	nobody    uint32 = iota
	appRead          // a method that the application called
	readAhead        // the library, while the application does not read
	closeRead        // Close, which waits for the peer's Close frame
	eventLoop        // the loop that a Handler is served by
	brief            // a method that does not wait
)

// take acquires read ownership if it is free.
func (o *owner) take(holder uint32) bool { return o.holder.CompareAndSwap(nobody, holder) }

// yield releases read ownership.
func (o *owner) yield() {
	o.holder.Store(nobody)
	o.wake()
}

// wake makes one of the waiting goroutines check again.
func (o *owner) wake() {
	if o.waiting.Load() > 0 {
		select {
		case o.channel() <- struct{}{}:
		default:
		}
	}
}

// await waits until reading may be free.
func (o *owner) await(ctx context.Context) error {
	o.waiting.Add(1)
	defer o.waiting.Add(-1)
	if o.holder.Load() == nobody {
		return nil
	}
	select {
	case <-o.channel():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *owner) channel() chan struct{} {
	if o.free.Load() == nil {
		free := make(chan struct{}, 1)
		o.free.CompareAndSwap(nil, &free)
	}
	return *o.free.Load()
}

// takeRead acquires read ownership for a call of the application.
func (c *Conn) takeRead(ctx context.Context) error {
	o := &c.in.owner
	for !o.take(appRead) {
		switch o.holder.Load() {
		case appRead:
			return ErrConcurrentRead
		case eventLoop:
			o.wake()
			return ErrHandlerReads
		case readAhead:
			c.in.wait.recall(c)
		}
		if err := o.await(ctx); err != nil {
			return err
		}
	}
	if c.in.served.Load() {
		o.yield()
		return ErrHandlerReads
	}
	c.in.Lent, c.in.unread = false, 0
	if ctx.Done() == nil {
		return nil
	}
	if err := c.in.wait.begin(ctx, c); err != nil {
		o.yield()
		return err
	}
	return nil
}

// yieldRead gives reading back after a call of the application's. lent says that the
// application has bytes of a buffer.
func (c *Conn) yieldRead(lent bool) {
	c.in.Lent = lent
	c.in.wait.finish()
	ended := c.in.ended
	c.in.owner.yield()
	if !ended {
		c.watchReading()
	}
	c.freeIfClosed()
}

// freeIfClosed releases the buffers that CloseNow could not release, because another
// goroutine was reading.
func (c *Conn) freeIfClosed() {
	if c.life.Abandoned() {
		c.freeReading()
	}
}

// freeReading releases the buffers of the receiving half, unless a goroutine is
// reading, which then does so later.
func (c *Conn) freeReading() {
	if c.takeIdle() {
		c.in.ended = true
		c.in.Reset(false)
		c.in.owner.yield()
	}
}

// takeIdle acquires read ownership for a moment, if it is free.
func (c *Conn) takeIdle() bool { return c.in.owner.take(brief) }

// takeClose acquires read ownership for Close as soon as it is free. It returns false
// if a Handler is served.
func (c *Conn) takeClose() bool {
	o := &c.in.owner
	for !o.take(closeRead) {
		switch o.holder.Load() {
		case eventLoop:
			o.wake()
			return false
		case readAhead:
			if c.in.served.Load() {
				return false
			}
			c.in.wait.recall(c)
		}
		o.await(context.Background())
	}
	if c.in.served.Load() {
		o.yield()
		return false
	}
	c.in.Detach()
	return true
}
