package websocket

import (
	"context"
	"os"
	"sync"
	"time"
)

// netDeadline is the deadline of one direction of a netConn: a context that ends
// at the deadline. Moving a deadline that has not passed keeps the context, so that
// the new one applies to current calls. Moving one that has passed replaces the context.
type netDeadline struct {
	mu     sync.Mutex
	ctx    context.Context
	end    context.CancelCauseFunc
	timer  *time.Timer // calls end; nil until ctx has its first deadline
	armed  bool        // timer has been started and not stopped
	closed bool
}

// renew installs a context that has not ended. The caller holds mu, or is the only
// user of d.
func (d *netDeadline) renew() {
	d.ctx, d.end = context.WithCancelCause(context.Background())
	d.timer, d.armed = nil, false
}

// context returns the context for a call that begins now.
func (d *netDeadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

// set moves the deadline to t, or removes it if t is zero.
func (d *netDeadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	fired := d.armed && !d.timer.Stop()
	d.armed = false
	if fired || d.ctx.Err() != nil {
		d.renew()
	}
	if !t.IsZero() {
		d.arm(time.Until(t))
	}
	return nil
}

// arm makes ctx end after left.
func (d *netDeadline) arm(left time.Duration) {
	if left <= 0 {
		d.end(os.ErrDeadlineExceeded)
		return
	}
	d.armed = true
	if d.timer != nil {
		d.timer.Reset(left)
		return
	}
	end := d.end
	d.timer = time.AfterFunc(left, func() { end(os.ErrDeadlineExceeded) })
}

// close ends the context finally, with ErrClosed. It returns false if close was called
// before.
func (d *netDeadline) close() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.closed = true
	if d.armed {
		d.timer.Stop()
	}
	end := d.end
	if d.ctx.Err() != nil { // it ended at a deadline
		d.renew()
		end = d.end
	}
	end(ErrClosed)
	return true
}
