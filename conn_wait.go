package websocket

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// past is a deadline that ends a read at once.
const past instant = 1

// wait is how long a read may take, and by what it can be woken. The socket has
// one deadline for reading; wait sets it to the earliest of the limits, and to
// the past when the read under way has to end at once.
type wait struct {
	message instant // when the message begun has to be complete
	paused  instant // since when the application has a part of it, and nobody waits for the rest; never if somebody does
	alive   instant // when to look whether the peer is alive; may be too early
	own     instant // the earlier of message and alive, when the read deadline was last set

	calm atomic.Bool // the socket's deadline is own, because nothing below has a say

	mu       sync.Mutex
	recalled bool          // the application wants to read again
	over     bool          // nobody will read from the socket any more, but to drain it
	closing  instant       // when the closing handshake has to be complete
	deadline instant       // as it is set on the socket
	context  *contextWatch // conn_context.go; nil until a read comes with a context that can end
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
func (w *wait) begin(ctx context.Context, nc net.Conn) error {
	if ctx.Done() == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	watch := w.context
	if watch == nil {
		watch = &contextWatch{wake: func() { w.wake(nc) }}
	}
	if ctx.Done() != watch.done {
		watch.begin(ctx)
	}
	w.mu.Lock()
	w.context = watch
	watch.ctx = ctx
	w.calm.Store(false)
	w.mu.Unlock()
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
func (w *wait) ctx() (context.Context, instant) {
	if w.context == nil || w.context.ctx == nil {
		return nil, never
	}
	return w.context.ctx, w.context.deadline
}

// wake ends the read from the socket if its context has ended.
func (w *wait) wake(nc net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx, _ := w.ctx(); ctx != nil && ctx.Err() != nil {
		w.set(nc, past)
	}
}

// pause says that the application has a part of the message begun: the time that it
// takes is not the peer's.
func (w *wait) pause(now instant) {
	if w.message != never && w.paused == never {
		w.paused = now
	}
}

// limitRest limits the time for the rest of the message, of which something has come if
// begun. The time of a pause is added.
func (w *wait) limitRest(begun bool, timeout time.Duration) {
	switch {
	case !begun:
		w.message = never
	case w.message == never:
		w.message = now().after(timeout)
	case w.paused != never:
		w.message += now() - w.paused
	}
	w.paused = never
}

// arm sets the deadline for the next read from the socket. It returns the
// error of a context that has ended.
//
// NOTE: nearly always it was set before, and costs a comparison.
func (w *wait) arm(nc net.Conn) error {
	own := earlier(w.message, w.alive)
	if own == w.own && w.calm.Load() {
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
	w.set(nc, earlier(earlier(limit, own), w.closing))
	w.calm.Store(ctx == nil && w.closing == never)
	return nil
}

// end says that reading is over: the deadline is left to whoever drains the socket.
func (w *wait) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
}

// close limits the closing handshake that begins, also for a read under way.
func (w *wait) close(nc net.Conn, by instant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = earlier(w.closing, by)
	w.set(nc, earlier(w.deadline, w.closing))
}

// takeAhead takes the turn for a read of the library's own, if nobody has it.
func (w *wait) takeAhead(t *turn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return t.take(readAhead)
}

// yieldAhead gives it up. Nobody is recalled any more.
func (w *wait) yieldAhead(t *turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recalled = false
	t.yield()
}

// recall ends the read of the library's own, if that is what has the turn.
func (w *wait) recall(nc net.Conn, t *turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.holder.Load() != readAhead {
		return
	}
	w.recalled = true
	w.set(nc, past)
}

// expired returns the limit that is over.
func (w *wait) expired(now instant) limit {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, limit := w.ctx()
	switch {
	case w.recalled:
		return recallLimit
	case now.over(w.closing):
		return closingLimit
	case ctx != nil && (ctx.Err() != nil || now.over(limit)):
		return contextLimit
	case now.over(w.message):
		return messageLimit
	case now.over(w.alive):
		return aliveLimit
	}
	return noLimit
}

// ctxErr returns the error of the context that ended the read. Its deadline may
// be over a moment before it says so itself.
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
func (w *wait) set(nc net.Conn, t instant) {
	w.calm.Store(false)
	if t != w.deadline && !w.over {
		w.deadline = t
		nc.SetReadDeadline(t.deadline())
	}
}
