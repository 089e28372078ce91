package websocket

import (
	"context"
	"sync/atomic"
)

// owner is the read ownership of a connection. At most one goroutine has it at a time,
// and only that goroutine uses the receiving half.
type owner struct {
	holder  atomic.Uint32
	waiting atomic.Int32                  // how many goroutines wait for yield
	free    atomic.Pointer[chan struct{}] // wakes one of them; nil until one waits
}

// The values of owner.holder.
const (
	nobody    uint32 = iota
	appRead          // a method that the application called
	readAhead        // the library, while the application does not read
	closeRead        // Close, which waits for the peer's Close frame
	eventLoop        // the loop that calls a Handler
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

// await waits until read ownership may be free. It returns the error of ctx if ctx ends
// first.
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

// takeRead acquires read ownership for a call of the application, which ctx limits.
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
	c.in.InUse, c.in.unread = false, 0
	if ctx.Done() == nil {
		return nil
	}
	if err := c.in.wait.begin(ctx, c); err != nil {
		o.yield()
		return err
	}
	return nil
}

// yieldRead releases read ownership after a call of the application. inUse reports that
// the application may use bytes of a pooled buffer until the next read.
func (c *Conn) yieldRead(inUse bool) {
	c.in.InUse = inUse
	c.in.wait.finish()
	ended := c.in.ended
	c.in.owner.yield()
	if !ended {
		c.watchReading()
	}
	c.freeIfClosed()
}

// freeIfClosed releases the buffers that CloseNow could not release because a goroutine
// was reading.
func (c *Conn) freeIfClosed() {
	if c.life.Abandoned() {
		c.freeReading()
	}
}

// freeReading releases the buffers of the receiving half. If a goroutine is reading,
// that goroutine releases them later, with freeIfClosed.
func (c *Conn) freeReading() {
	if c.takeIdle() {
		c.in.ended = true
		c.in.Reset(false)
		c.in.owner.yield()
	}
}

// takeIdle acquires read ownership for a moment, if it is free.
func (c *Conn) takeIdle() bool { return c.in.owner.take(brief) }

// takeClose acquires read ownership for Close. It returns false if a Handler serves the
// connection, or if the connection has ended.
func (c *Conn) takeClose() bool {
	if !c.in.owner.take(closeRead) && !c.awaitClose() {
		return false
	}
	if c.in.served.Load() {
		c.in.owner.yield()
		return false
	}
	c.in.Detach()
	return true
}

// awaitClose waits until takeClose can acquire read ownership. The owner may be the caller
// itself, in a function of AfterClose: then the connection has ended. The owner may also
// be a goroutine that never yields, because a hook in its read blocks or has panicked. So
// awaitClose ends the connection if the closing handshake takes much too long.
func (c *Conn) awaitClose() bool {
	o, ctx := &c.in.owner, context.Background()
	if limit := c.settings.CloseTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(limit, limit+2*lingerTime)) // the sum may overflow
		defer cancel()
	}
	for !o.take(closeRead) {
		if c.life.Closed() {
			return false
		}
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
		if o.await(ctx) != nil {
			c.end(errCloseTimeout, ErrClosed, false)
			return false
		}
	}
	return true
}
