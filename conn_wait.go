package websocket

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// wait limits the time of a read, and wakes it. The transport has one deadline for
// reading. wait sets it to the earliest of the limits, and to the past when the current
// read has to end at once.
type wait struct {
	message instant.Instant // when the current message has to be complete
	paused  instant.Instant // since when no goroutine waits for the rest of the message; Never if one waits
	alive   instant.Instant // when to check the liveness of the peer; may be too early
	own     instant.Instant // the earlier of message and alive, when the read deadline was last set

	limit   atomic.Pointer[int64] // of SetMaxMessage, until the reading goroutine applies it
	settled atomic.Bool           // the transport's deadline is own, because no limit below applies

	mu       sync.Mutex
	recalled bool            // the application wants to read again
	over     bool            // the transport is read only to drain it, or not at all
	closing  instant.Instant // when the closing handshake has to be complete
	deadline instant.Instant // of the transport
	context  *contextWatch   // conn_context.go; nil until the first read with a context that can end
}

// limit is a reason for which a read ends early.
type limit int

// The limits, in the order in which expired checks them.
const (
	noLimit limit = iota
	recallLimit
	closingLimit
	contextLimit
	messageLimit
	aliveLimit
)

// errRecalled ends reading ahead when the application wants to read.
var errRecalled = errors.New("websocket: the application reads")

// begin sets ctx as the context of the read that begins. It returns the error of ctx if
// that has ended.
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
			return nil // the connection has ended, so that the read does not wait
		}
		w.context.begin(ctx)
	}
	w.context.ctx = ctx
	w.settled.Store(false)
	return nil
}

// finish removes the context of the read that ends.
func (w *wait) finish() {
	if ctx, _ := w.ctx(); ctx == nil { // only the reading goroutine sets it
		return
	}
	w.mu.Lock()
	w.context.ctx = nil
	w.mu.Unlock()
}

// ctx returns the context of the current read and its deadline. The context is nil if
// the read has none that can end.
func (w *wait) ctx() (context.Context, instant.Instant) {
	if w.context == nil || w.context.ctx == nil {
		return nil, instant.Never
	}
	return w.context.ctx, w.context.deadline
}

// wake ends the current read from the transport if its context has ended.
func (w *wait) wake(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx, _ := w.ctx(); ctx != nil && ctx.Err() != nil {
		w.set(c, instant.Past)
	}
}

// pause stops the time limit of the current message: the application has a part of it,
// and does not wait for the rest.
func (w *wait) pause(now instant.Instant) {
	if w.message != instant.Never && w.paused == instant.Never {
		w.paused = now
	}
}

// limitRest limits the time for the rest of the current message. begun reports that a
// part of the message was received. The limit is extended by the duration of a pause.
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

// arm sets the deadline for the next read from the transport. It returns the error of a
// context that has ended, and errRecalled if the application wants to read.
//
// NOTE: nearly always the deadline is already set, and arm costs a comparison.
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
	w.own = own
	w.set(c, instant.Earlier(instant.Earlier(limit, own), w.closing))
	w.settled.Store(ctx == nil && w.closing == instant.Never)
	return nil
}

// end makes wait leave the deadline unchanged from now on. drain sets its own.
func (w *wait) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
}

// stop stops watching contexts, and the timer of the watch, when the connection ends.
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

// close limits the time of the closing handshake that begins, also for the current read.
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

// takeAhead acquires read ownership for reading ahead, if it is free.
func (w *wait) takeAhead(o *owner) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return o.take(readAhead)
}

// yieldAhead releases read ownership after reading ahead. It completes a recall.
func (w *wait) yieldAhead(o *owner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recalled = false
	o.yield()
}

// recall ends reading ahead, if the library does so now.
func (w *wait) recall(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.in.owner.holder.Load() != readAhead {
		return
	}
	w.recalled = true
	w.set(c, instant.Past)
}

// expired returns the first limit that has expired.
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
	// The application may have set a deadline with Conn.NetConn: arm replaces it.
	w.deadline = instant.Past
	w.settled.Store(false)
	return noLimit
}

// ctxErr returns the error of the context that ended the read. The deadline of a context
// may pass a moment before its Err is set.
func (w *wait) ctxErr() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx, _ := w.ctx(); ctx.Err() != nil {
		return ctx.Err()
	}
	return context.DeadlineExceeded
}

// set sets the deadline of the current read and of later ones, until arm changes it.
func (w *wait) set(c *Conn, t instant.Instant) {
	w.settled.Store(false)
	if t != w.deadline && !w.over {
		w.deadline = t
		c.transport.SetReadDeadline(t.Time())
	}
}
