package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// tally is what has happened so far. All methods may be called concurrently.
type tally struct {
	start  time.Time
	shapes []*shapeScore
	giveUp func() // called when it is hopeless

	mu       sync.Mutex
	faults   map[string]*faultScore
	unheard  Account // what the server has sent, and no honest client has got
	failures []Failure
	told     map[string]int // failures, by what they are about
	failed   int
}

func newTally(c config, giveUp func()) *tally {
	t := &tally{start: time.Now(), giveUp: giveUp, faults: map[string]*faultScore{shutdownName: {}}, told: map[string]int{}}
	for _, s := range c.shapes {
		t.shapes = append(t.shapes, &shapeScore{name: s.name})
	}
	for _, f := range c.faults {
		t.faults[f.name] = &faultScore{}
	}
	return t
}

const (
	maxFailures = 20 // with so many there is no need to go on
	maxTold     = 5  // of the same thing
)

// shapeScore is how a kind of honest client fares.
type shapeScore struct {
	name            string
	messages, bytes atomic.Int64 // that came as they should
	longest         atomic.Int64 // ns that an echo took
	lostMessages    atomic.Int64
	lostBytes       atomic.Int64
}

func (s *shapeScore) receive(n int, took time.Duration) {
	s.messages.Add(1)
	s.bytes.Add(int64(n))
	s.took(took)
}

func (s *shapeScore) took(d time.Duration) {
	for longest := s.longest.Load(); int64(d) > longest; longest = s.longest.Load() {
		if s.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// lose counts messages that did not come back, or not as they should.
func (s *shapeScore) lose(batch []message) {
	for _, m := range batch {
		s.lostMessages.Add(1)
		s.lostBytes.Add(int64(len(m.payload)))
	}
}

// faultScore is how the server fares with a kind of fault.
type faultScore struct {
	injected, survived int
	cut                int // what a shutdown ended before its time
	longest            time.Duration
}

// Failure is something that went wrong.
type Failure struct {
	Seconds float64 `json:"seconds"` // since the start
	What    string  `json:"what"`
	Err     string  `json:"error"`
}

// String returns f as a line of the report.
func (f Failure) String() string { return fmt.Sprintf("%7.3fs  %s: %s", f.Seconds, f.What, f.Err) }

func (t *tally) fail(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed++
	if t.told[what]++; t.told[what] <= maxTold {
		t.failures = append(t.failures, Failure{time.Since(t.start).Seconds(), what, err.Error()})
	}
	if t.failed == maxFailures {
		t.giveUp()
	}
}

// outcome is how a fault has ended.
type outcome uint8

const (
	survived outcome = iota
	cutShort         // by a shutdown
	failed
)

func (o outcome) String() string {
	return [...]string{"survived", "cut short by a shutdown", "NOT SURVIVED"}[o]
}

// fault counts a fault.
func (t *tally) fault(name string, o outcome, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.faults[name]
	f.injected++
	switch o {
	case survived:
		f.survived++
		f.longest = max(f.longest, took)
	case cutShort:
		f.cut++
	}
}

// lose counts what the server has sent and an honest client has not got.
func (t *tally) lose(sent, got Account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unheard.Messages += max(0, sent.Messages-got.Messages)
	t.unheard.Bytes += max(0, sent.Bytes-got.Bytes)
}

// sums returns what the progress line shows.
func (t *tally) sums() (messages int64, injected, failed int) {
	for _, s := range t.shapes {
		messages += s.messages.Load()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.faults {
		injected += f.injected
	}
	return messages, injected, t.failed
}

// all returns the failures that are listed, and how many there were.
func (t *tally) all() ([]Failure, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.failures), t.failed
}
