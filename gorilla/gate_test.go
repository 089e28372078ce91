package websocket

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// One caller at a time holds the gate.
func TestGateExcludes(t *testing.T) {
	var g gate
	var wg sync.WaitGroup
	held, total := 0, 0 // of g
	for n := range 8 {
		wg.Go(func() {
			for range 2000 {
				var deadline time.Time
				if n%2 == 0 {
					deadline = time.Now().Add(patience)
				}
				if !g.acquire(deadline) {
					t.Error("acquire = false")
					return
				}
				if held++; held != 1 {
					t.Errorf("%d callers hold the gate", held)
				}
				held, total = held-1, total+1
				g.release()
			}
		})
	}
	wg.Wait()
	if total != 8*2000 || g.users.Load() != 0 || len(g.waiting) != 0 {
		t.Errorf("%d times held; then %d users, %d waiting", total, g.users.Load(), len(g.waiting))
	}
}

// Callers take the gate in order; those whose deadline passes do not take it.
func TestGateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.acquire(time.Time{})
		if g.acquire(time.Now().Add(-1)) {
			t.Error("acquire after the deadline = true")
		}
		results := make(chan int, 4) // negative for a timeout
		for i, wait := range []time.Duration{time.Hour, 10 * time.Millisecond, 0, 15 * time.Millisecond} {
			go func() {
				var deadline time.Time
				if wait > 0 {
					deadline = time.Now().Add(wait)
				}
				if !g.acquire(deadline) {
					results <- -i
					return
				}
				results <- i
				g.release()
			}()
			synctest.Wait()
		}
		time.Sleep(20 * time.Millisecond)
		g.release()
		for _, want := range []int{-1, -3, 0, 2} {
			if got := <-results; got != want {
				t.Errorf("caller %d, want %d", got, want)
			}
		}
		synctest.Wait()
		if !g.acquire(time.Now()) {
			t.Error("the gate is not free at the end")
		}
	})
}

// Callers that give up while the gate is released leave it usable.
func TestGateTimeouts(t *testing.T) {
	var g gate
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				if g.acquire(time.Now().Add(20 * time.Microsecond)) {
					time.Sleep(10 * time.Microsecond)
					g.release()
				}
			}
		})
	}
	wg.Wait()
	if g.users.Load() != 0 || len(g.waiting) != 0 || !g.acquire(time.Time{}) {
		t.Errorf("%d users, %d waiting at the end", g.users.Load(), len(g.waiting))
	}
}
