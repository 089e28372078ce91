package main

import (
	"math/rand/v2"
	"time"
)

// event is a fault to inject, or a shutdown.
type event struct {
	at    time.Duration
	fault *fault // nil for a shutdown
	seed  uint64 // of what the fault leaves to chance
}

const (
	shutdownEvery = 20 * time.Second
	faultEvery    = 25 * time.Millisecond
)

// newPlan spreads faults over a time, with shutdowns between them, each of which may take
// down: the same ones at the same times for the same seed. Before the first shutdown,
// and behind each, every kind comes at least once, and all of them equally often, in an
// order of chance.
func newPlan(seed uint64, length, down time.Duration, faults []fault) (events []event) {
	r := rand.New(rand.NewPCG(seed, 1001))
	segments := 2 + int(length/shutdownEvery)
	segment := length / time.Duration(segments)
	down = min(down, segment/2)
	rounds := max(1, int((segment-down)/faultEvery)/max(1, len(faults)))
	step := (segment - down) / time.Duration(rounds*len(faults)+1)
	for i := range segments {
		at := time.Duration(i) * segment
		if i > 0 {
			events = append(events, event{at: at})
			at += down
		}
		for range rounds {
			for _, k := range r.Perm(len(faults)) {
				at += step
				events = append(events, event{at, &faults[k], r.Uint64()})
			}
		}
	}
	return events
}
