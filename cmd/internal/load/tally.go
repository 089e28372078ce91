package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of the histograms, in nanoseconds, and their precision: 0.1 % of the
// value, and 64 ns.
const (
	shortest = 100
	longest  = int64(10 * time.Minute)
	digits   = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// tally counts what happens on some connections during one interval of the run.
// It must not be used concurrently.
type tally struct {
	now      int64 // since the run's start, in ns; set by whoever receives
	interval int   // the one that is counted
	ends     int64 // when it does
	last     int64 // when an echo came last
	echoes   int64 // since the run's start
	counts   counts
	latency  *hdrhistogram.Histogram
	faults   faults

	timeline *timeline
}

// counts are messages and payload bytes.
type counts struct{ sent, sentBytes, messages, bytes int64 }

func (c *counts) add(d counts) {
	c.sent += d.sent
	c.sentBytes += d.sentBytes
	c.messages += d.messages
	c.bytes += d.bytes
}

// newTally returns a tally that reports to t. All are made before the run starts.
func newTally(t *timeline) *tally {
	t.reporters++
	return &tally{ends: t.end(0), latency: newHistogram(), faults: faults{}, timeline: t}
}

// arrived counts n echoes of equal latency, with so many payload bytes together.
func (t *tally) arrived(latency int64, n, bytes int) {
	t.echoes += int64(n)
	t.counts.messages += int64(n)
	t.counts.bytes += int64(bytes)
	t.last = t.now
	_ = t.latency.RecordValues(min(max(latency, shortest), longest), int64(n)) // it is in range
}

// received counts a message that answers none, with so many payload bytes.
func (t *tally) received(bytes int) {
	t.counts.messages++
	t.counts.bytes += int64(bytes)
	t.last = t.now
}

// sent counts n messages with so many payload bytes together.
func (t *tally) sent(n, bytes int) {
	t.counts.sent += int64(n)
	t.counts.sentBytes += int64(bytes)
}

// roll reports the intervals that are over.
func (t *tally) roll(now int64) {
	for now >= t.ends {
		t.report(false)
		t.interval++
		t.ends = t.timeline.end(t.interval)
	}
}

// report hands over what was counted; done says that nothing will follow.
func (t *tally) report(done bool) {
	t.timeline.add(t, done)
	t.counts = counts{}
	t.latency.Reset()
	clear(t.faults)
}
