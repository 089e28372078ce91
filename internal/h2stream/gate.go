package h2stream

import (
	"os"
	"sync"
	"time"
)

// gate is a lock with a condition: goroutines wait for a change of the guarded state, or for
// a deadline, which may be moved while they wait.
type gate struct {
	mu       sync.Mutex
	changed  sync.Cond // on mu
	deadline time.Time // zero for none
	timer    *time.Timer
	armed    time.Time // the deadline for which timer is set
}

func (g *gate) init() { g.changed.L = &g.mu }

// setDeadline sets the deadline, also for goroutines that are waiting.
func (g *gate) setDeadline(t time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deadline = t
	g.changed.Broadcast()
}

// expired reports whether the deadline has passed. The caller holds mu.
func (g *gate) expired() bool { return !g.deadline.IsZero() && !time.Now().Before(g.deadline) }

// wait waits for a change or for the deadline. The caller holds mu, and must check the state
// again afterwards.
func (g *gate) wait() error {
	if g.expired() {
		return os.ErrDeadlineExceeded
	}
	if !g.deadline.IsZero() && !g.armed.Equal(g.deadline) {
		g.armed = g.deadline
		if left := time.Until(g.deadline); g.timer == nil {
			g.timer = time.AfterFunc(left, g.wake)
		} else {
			g.timer.Reset(left)
		}
	}
	g.changed.Wait()
	return nil
}

// wake is called when timer fires.
func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = time.Time{}
	g.changed.Broadcast()
}

// stop ends the timer. The caller holds mu.
func (g *gate) stop() {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.armed = time.Time{}
}
