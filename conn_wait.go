package websocket

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// wait is how long a read may take, and by what it can be woken. The transport has
// one deadline for reading; wait sets it to the earliest of the limits, and to
// the past when the read under way has to end at once.
type wait struct {
	message instant.Instant // when the message begun has to be complete
	paused  instant.Instant // since when the application has a part of it, and nobody waits for the rest; Never if somebody does
	alive   instant.Instant // when to look whether the peer is alive; may be too early
	own     instant.Instant // the earlier of message and alive, when the read deadline was last set

	settled atomic.Bool // the transport's deadline is own, because nothing below has a say

	mu       sync.Mutex
	recalled bool            // the application wants to read again
	over     bool            // the transport is read only to drain it, or not at all
	closing  instant.Instant // when the closing handshake has to be complete
	deadline instant.Instant // as it is set on the transport
	limit    *int64          // of SetMaxMessage, for the next read
	context  *contextWatch   // conn_context.go; nil until a read comes with a context that can end
}

// limit is one of the reasons for which a read ends early.
type limit int

// The limits, in the order in which they are looked at.
const (
	noLimit limit = iota
	recallLimit
	closingLimit
	contextLimit
	messageLimit
	aliveLimit
)

// errRecalled ends a read of the library's own when the application wants to
// read.
var errRecalled = errors.New("websocket: the application reads")

// begin takes ctx for the read that begins. It returns its error if it has
// ended.
func (w *wait) begin(ctx context.Context, c *Conn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.context == nil {
		w.context = &contextWatch{wake: func() { w.wake(c) }, quit: make(chan struct{})}
	}
	if ctx.Done() != w.context.done {
		if c.in.watch.over {
			return nil // the connection has ended, and the read will not wait
		}
		w.context.begin(ctx)
	}
	w.context.ctx = ctx
	w.settled.Store(false)
	return nil
}

// finish lets go of the context of the read that ends.
func (w *wait) finish() {
	if ctx, _ := w.ctx(); ctx == nil { // which nobody else sets
		return
	}
	w.mu.Lock()
	w.context.ctx = nil
	w.mu.Unlock()
}

// ctx returns the context of the read under way, and its deadline; nil if it cannot
// end.
func (w *wait) ctx() (context.Context, instant.Instant) {
	if w.context == nil || w.context.ctx == nil {
		return nil, instant.Never
	}
	return w.context.ctx, w.context.deadline
}

// wake ends the read from the transport if its context has ended.
func (w *wait) wake(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx, _ := w.ctx(); ctx != nil && ctx.Err() != nil {
		w.set(c, instant.Past)
	}
}

// pause says that the application has a part of the message begun: the time that it
// takes is not the peer's.
func (w *wait) pause(now instant.Instant) {
	if w.message != instant.Never && w.paused == instant.Never {
		w.paused = now
	}
}

// limitRest limits the time for the rest of the message, of which something was received
// if begun. The time of a pause is added.
func (w *wait) limitRest(begun bool, timeout time.Duration) {
	switch {
	case !begun:
		w.message = instant.Never
	case w.message == instant.Never:
		w.message = instant.Now().After(timeout)
	case w.paused != instant.Never:
		w.message += instant.Now() - w.paused
	}
	w.paused = instant.Never
}

// arm sets the deadline for the next read from the transport. It returns the
// error of a context that has ended.
//
// NOTE: nearly always it was set before, and costs a comparison.
func (w *wait) arm(c *Conn) error {
	own := instant.Earlier(w.message, w.alive)
	if own == w.own && w.settled.Load() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, limit := w.ctx()
	if ctx != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if w.recalled {
		return errRecalled
	}
	if w.limit != nil {
		c.in.SetLimit(*w.limit)
		w.limit = nil
	}
	w.own = own
	w.set(c, instant.Earlier(instant.Earlier(limit, own), w.closing))
	w.settled.Store(ctx == nil && w.closing == instant.Never)
	return nil
}

// end says that reading is over: the deadline is left to whatever drains the transport.
func (w *wait) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
}

// stop ends what waits for the connection: contexts, and the watch.
func (w *wait) stop(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over, c.in.watch.over = true, true
	if t := c.in.watch.timer; t != nil {
		t.Stop()
	}
	if w.context != nil {
		if w.context.stop != nil {
			w.context.stop()
		}
		close(w.context.quit)
	}
}

// close limits the closing handshake that begins, also for a read under way.
func (w *wait) close(c *Conn, by instant.Instant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = instant.Earlier(w.closing, by)
	w.set(c, instant.Earlier(w.deadline, w.closing))
}

// closingBy returns when the closing handshake has to be complete.
func (w *wait) closingBy() instant.Instant {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closing
}

// takeAhead takes reading for the library itself, if nobody owns it.
func (w *wait) takeAhead(o *owner) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return o.take(readAhead)
}

// yieldAhead gives it up. Nobody is recalled any more.
func (w *wait) yieldAhead(o *owner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recalled = false
	o.yield()
}

// recall ends the read of the library's own, if there is one.
func (w *wait) recall(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.in.owner.holder.Load() != readAhead {
		return
	}
	w.recalled = true
	w.set(c, instant.Past)
}

// expired returns the limit that has expired.
func (w *wait) expired(now instant.Instant) limit {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, limit := w.ctx()
	switch {
	case w.recalled:
		return recallLimit
	case now.Reached(w.closing):
		return closingLimit
	case ctx != nil && (ctx.Err() != nil || now.Reached(limit)):
		return contextLimit
	case now.Reached(w.message):
		return messageLimit
	case now.Reached(w.alive):
		return aliveLimit
	}
	return noLimit
}

// ctxErr returns the error of the context that ended the read. Its deadline may
// have passed a moment before it says so itself.
func (w *wait) ctxErr() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx, _ := w.ctx(); ctx.Err() != nil {
		return ctx.Err()
	}
	return context.DeadlineExceeded
}

// set sets the deadline of the read under way, and of those to come until the next
// arm finds it changed.
func (w *wait) set(c *Conn, t instant.Instant) {
	w.settled.Store(false)
	if t != w.deadline && !w.over {
		w.deadline = t
		c.transport.SetReadDeadline(t.Time())
	}
}
