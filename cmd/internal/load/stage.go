package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// stage drives Conns: over TLS, with compression, and with messages of one's own. Each is
// served on a goroutine of its own. In a closed load an answer allows the connection
// another message; in an open load the schedule gives messages to connections that have
// room for them.
type stage struct {
	*run
	exchange *exchange
	rate     float64 // of these connections
	visitors []*visitor
	serial   atomic.Int64  // of the next message
	open     atomic.Int64  // connections that were opened
	dead     atomic.Int64  // connections that ended before their time, or were not opened
	handed   atomic.Bool   // an open load has given away all messages
	over     chan struct{} // closed when nothing more is sent

	mu     sync.Mutex // for the fields below
	tally  *tally
	failed error // why a connection failed first
}

// newStage returns the driver of links, which are open unless there is a ramp.
func newStage(r *run, links []link) *stage {
	s := &stage{run: r, exchange: r.plan.exchange, tally: newTally(r.timeline), over: make(chan struct{})}
	s.rate = r.plan.Rate * float64(len(links)) / float64(r.links)
	for _, l := range links {
		s.visitors = append(s.visitors, newVisitor(s, l))
		if l.conn != nil {
			s.open.Add(1)
		}
	}
	return s
}

// drive is the life of a stage.
func (s *stage) drive() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	for _, v := range s.visitors {
		all.Go(func() { v.live(ctx) })
	}
	if s.rate > 0 {
		all.Go(s.dispatch)
	}
	for over := int64(0); ; {
		now := s.now()
		s.locked(func(t *tally) { t.roll(now) })
		for _, v := range s.visitors {
			v.watch(now)
		}
		if s.ended(now, &over, len(s.visitors)-int(s.dead.Load()), s.settled) {
			break
		}
		if over > 0 {
			time.Sleep(time.Millisecond)
		} else {
			time.Sleep(time.Duration(tick) / 10)
		}
	}
	close(s.over)
	cancel()
	for _, v := range s.visitors {
		all.Go(v.leave)
	}
	all.Wait()
	s.locked(func(t *tally) {
		t.roll(s.now())
		t.report(true)
	})
	return nil
}

// locked calls f with the tally, which no other goroutine uses meanwhile.
func (s *stage) locked(f func(t *tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.now = s.now()
	f(s.tally)
}

// settled reports whether nothing is missing, and nothing is to be sent.
func (s *stage) settled() bool {
	stopped := s.stopped.Load()
	if s.rate > 0 && !stopped && !s.handed.Load() {
		return false
	}
	return !slices.ContainsFunc(s.visitors, func(v *visitor) bool { return v.waits(stopped) })
}

// dispatch gives the messages of an open load to the connections in turn. It waits if all
// have as many in flight as they may: that message is late then, and its latency counts
// from when it was due.
func (s *stage) dispatch() {
	defer s.handed.Store(true)
	for n := 0; !s.stopped.Load() && !s.schedule.budget.empty(); n++ {
		due := int64(s.exchange.ramp.due(float64(n), s.rate) * 1e9)
		if s.schedule.end > 0 && due >= s.schedule.end || !s.sleep(time.Duration(due-due%quantum-s.now())) {
			return
		}
		for turn := n; !s.visitors[turn%max(1, int(s.open.Load()))].offer(due); turn++ {
			if (turn-n)%len(s.visitors) == len(s.visitors)-1 && !s.sleep(time.Millisecond) {
				return
			}
		}
	}
}

// sleep waits for a time d, and returns false if the stage is over before.
func (s *stage) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-s.over:
		return false
	}
}
