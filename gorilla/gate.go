package websocket

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// gate is a lock with a limit for the wait. Without contention, it costs one atomic operation to
// take and one to release. Callers that wait take it in the order in which they came.
type gate struct {
	users   atomic.Int32 // the holder and those that wait
	mu      sync.Mutex   // guards waiting, and additions to users when there is a holder
	waiting []chan struct{}
}

// acquire takes the gate. It returns false if deadline passes first. A zero deadline means no
// limit.
func (g *gate) acquire(deadline time.Time) bool {
	var left time.Duration
	if !deadline.IsZero() {
		if left = time.Until(deadline); left < 0 {
			return false
		}
	}
	if g.users.CompareAndSwap(0, 1) {
		return true
	}
	turn := g.wait()
	if turn == nil {
		return true
	}
	if deadline.IsZero() {
		<-turn
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-turn:
		return true
	case <-timer.C:
		return !g.leave(turn)
	}
}

// wait adds the caller to those that wait. The channel is closed when it has the gate. It is nil if
// it has the gate already.
func (g *gate) wait() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users.Add(1) == 1 {
		return nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	return turn
}

// leave ends a wait. It returns false if the caller has been given the gate meanwhile.
func (g *gate) leave(turn chan struct{}) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, turn)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	g.users.Add(-1)
	return true
}

// release gives the gate to the caller that has waited longest, if there is one.
func (g *gate) release() {
	if g.users.CompareAndSwap(1, 0) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users.Add(-1) > 0 {
		close(g.waiting[0])
		g.waiting = slices.Delete(g.waiting, 0, 1)
	}
}
