package testkit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tick is the unit of a Clock.
const tick = 10 * time.Millisecond

// Clock measures the time in which this process runs, for an upper limit that only a fault
// exceeds. A time during which the machine runs something else counts as one tick, and on
// a busy machine the Clock is slow, as everything in the process is. It is never fast.
type Clock struct {
	ticks atomic.Int64
	stop  func()
}

// StartClock returns a Clock that runs until Stop, or until the test ends.
func StartClock(t testing.TB) *Clock {
	c := new(Clock)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(tick):
				c.ticks.Add(1)
			}
		}
	}()
	c.stop = sync.OnceFunc(func() {
		close(end)
		<-ended
	})
	t.Cleanup(c.stop)
	return c
}

// Stop stops the Clock.
func (c *Clock) Stop() { c.stop() }

// Elapsed returns the time since the start.
func (c *Clock) Elapsed() time.Duration { return time.Duration(c.ticks.Load()) * tick }
