package load

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// timeline joins what the tallies report, interval by interval.
type timeline struct {
	width     time.Duration // of an interval; 0: grows with the run
	reporters int           // tallies that have not ended

	mu      sync.Mutex
	open    []*interval // those that not all tallies have reported
	first   int         // index of open[0]
	points  []Point
	total   counts
	latency *hdrhistogram.Histogram
	faults  faults
	last    int64 // when an echo came last, in ns since the run's start
	ended   int   // tallies
}

// interval is what has been reported of one interval.
type interval struct {
	counts  counts
	latency *hdrhistogram.Histogram
	reports int
}

// Point is what one interval of the run was like. Latencies are in microseconds,
// 0 if nothing came.
type Point struct {
	Start    float64 `json:"start_s"`
	Length   float64 `json:"length_s"`
	Sent     int64   `json:"sent"`
	Messages int64   `json:"messages"` // that came back
	Bytes    int64   `json:"bytes"`    // of their payload
	P50      float64 `json:"p50_us"`
	P90      float64 `json:"p90_us"`
	P99      float64 `json:"p99_us"`
	Max      float64 `json:"max_us"`
}

// shortestInterval is also how often a tally is rolled.
const shortestInterval = 100 * time.Millisecond

// newTimeline returns the timeline of a run of length d, 0 if that is not known:
// it has 100 to 200 points if the run is long enough for them.
func newTimeline(d time.Duration) *timeline {
	t := &timeline{latency: newHistogram(), faults: faults{}}
	if d > 0 {
		t.width = max(d/200, shortestInterval).Round(shortestInterval)
	}
	return t
}

// end returns when interval i is over. Without a known length intervals are of
// 100 ms for 20 s, of 1 s for three minutes, and of 10 s then.
func (t *timeline) end(i int) int64 {
	if t.width > 0 {
		return int64(i+1) * int64(t.width)
	}
	const fine, medium = 200, 160
	short := min(i+1, fine)
	middle := min(i+1-short, medium)
	long := i + 1 - short - middle
	return int64(short)*int64(shortestInterval) + int64(middle)*int64(time.Second) + int64(long)*int64(10*time.Second)
}

// add joins the report of t.
func (t *timeline) add(r *tally, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r.interval >= t.first+len(t.open) {
		t.open = append(t.open, &interval{latency: newHistogram(), reports: t.ended})
	}
	i := t.open[r.interval-t.first]
	i.counts.add(r.counts)
	i.latency.Merge(r.latency)
	i.reports++
	t.total.add(r.counts)
	for kind, e := range r.faults {
		t.faults.add(kind, e.Count, "%s", e.Example)
	}
	t.last = max(t.last, r.last)
	if done {
		t.ended++
		for _, later := range t.open[r.interval-t.first+1:] {
			later.reports++
		}
	}
	for len(t.open) > 0 && t.open[0].reports >= t.reporters {
		t.close()
	}
}

// close makes a point of the first open interval.
func (t *timeline) close() {
	i, start := t.open[0], int64(0)
	if t.first > 0 {
		start = t.end(t.first - 1)
	}
	t.points = append(t.points, Point{
		Start:    seconds(start),
		Length:   seconds(t.end(t.first) - start),
		Sent:     i.counts.sent,
		Messages: i.counts.messages,
		Bytes:    i.counts.bytes,
		P50:      micros(i.latency.ValueAtPercentile(50)),
		P90:      micros(i.latency.ValueAtPercentile(90)),
		P99:      micros(i.latency.ValueAtPercentile(99)),
		Max:      micros(i.latency.Max()),
	})
	t.latency.Merge(i.latency)
	t.open, t.first = t.open[1:], t.first+1
}

// newest returns the last point, and all that was counted so far.
func (t *timeline) newest() (p Point, total counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.points); n > 0 {
		p = t.points[n-1]
	}
	return p, t.total
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }
func micros(ns int64) float64  { return float64(ns) / 1e3 }

// until returns the points of a run of length ns: the last one may be shorter than
// its interval.
func (t *timeline) until(length int64) []Point {
	end := seconds(length)
	points := slices.DeleteFunc(t.points, func(p Point) bool { return p.Start >= end })
	if n := len(points); n > 0 {
		points[n-1].Length = min(points[n-1].Length, end-points[n-1].Start)
	}
	return points
}

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
	now      int64 // since the run's start, in ns; set by the goroutine that receives
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
