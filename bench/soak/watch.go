package main

import (
	"errors"
	"strings"
	"time"
)

// pollEvery is how often the server is asked what it holds.
const pollEvery = 250 * time.Millisecond

// watch keeps the peak of what the server holds, and shows how far the run is, until
// over.
func (s *soak) watch(over <-chan struct{}, show func(*tally, Usage)) {
	every := time.NewTicker(pollEvery)
	defer every.Stop()
	for {
		select {
		case <-over:
			return
		case <-every.C:
		}
		var u Usage
		if err := s.child.call("Usage", false, &u, s.timeout); err != nil {
			s.tally.fail("what the server holds", err)
			s.tally.giveUp()
			return
		}
		s.peak = s.peak.peak(u)
		show(s.tally, u)
	}
}

// await waits, for as long as timeout, until a server that is shut down holds no more
// than before. If collect, it counts when it has freed what it can.
func (s *soak) await(collect bool, back func(u Usage) bool) (u Usage, err error) {
	for end := time.Now().Add(s.timeout); ; time.Sleep(10 * time.Millisecond) {
		u = Usage{} // a field that is zero is not sent
		if err := s.child.call("Usage", collect, &u, s.timeout); err != nil {
			return u, err
		}
		if back(u) || time.Now().After(end) {
			return u, nil
		}
	}
}

// settle measures what the server holds at the end, and says what is not as before.
func (s *soak) settle() Usage {
	u, err := s.await(true, func(u Usage) bool { return len(u.left(s.before)) == 0 })
	if err != nil {
		s.tally.fail("the end", err)
		return u
	}
	for _, line := range u.left(s.before) {
		s.tally.fail("left at the end", errors.New(line))
	}
	for _, line := range u.Complaints {
		s.tally.fail("the server's log", errors.New(line))
	}
	if u.Goroutines > s.before.Goroutines {
		var stacks string
		if err := s.child.call("Stacks", struct{}{}, &stacks, s.timeout); err == nil {
			s.tally.fail("goroutines at the end", errors.New(strings.TrimSpace(stacks)))
		}
	}
	return u
}
