package load

import (
	"math/rand/v2"
	"testing"
	"time"
)

// What tallies report, in whatever order, is joined interval by interval, and a
// point is made when all have reported.
func TestTimeline(t *testing.T) {
	line := newTimeline(time.Second)
	a, b := newTally(line), newTally(line)
	count := func(r *tally, now time.Duration, latency time.Duration, n int) {
		r.roll(int64(now))
		r.now = int64(now)
		r.arrived(int64(latency), n, 10*n)
		r.sent(n, 10*n)
	}
	count(a, 50*time.Millisecond, time.Millisecond, 1)
	count(a, 150*time.Millisecond, 2*time.Millisecond, 2)
	count(b, 80*time.Millisecond, 9*time.Millisecond, 1)
	if p, total := line.newest(); p.Length != 0 || total.messages != 1 {
		t.Errorf("newest() = %+v, %+v before b has reported, want no point, and 1 message", p, total)
	}
	b.report(true) // b has lost its connections
	count(a, 250*time.Millisecond, 3*time.Millisecond, 3)
	a.report(true)
	want := []Point{
		{Start: 0, Length: .1, Sent: 2, Messages: 2, Bytes: 20},
		{Start: .1, Length: .1, Sent: 2, Messages: 2, Bytes: 20},
		{Start: .2, Length: .05, Sent: 3, Messages: 3, Bytes: 30},
	}
	got := line.until(int64(250 * time.Millisecond))
	if len(got) != len(want) {
		t.Fatalf("until gives %d points, want %d", len(got), len(want))
	}
	for i, p := range got {
		latencies := p
		p.P50, p.P90, p.P99, p.Max = 0, 0, 0, 0
		if close := p.Length-want[i].Length < 1e-9; !close || p.Messages != want[i].Messages || p.Sent != want[i].Sent || p.Bytes != want[i].Bytes || p.Start != want[i].Start {
			t.Errorf("point %d is %+v, want %+v", i, p, want[i])
		}
		if i == 0 && (!near(latencies.P50, 1000) || !near(latencies.Max, 9000)) {
			t.Errorf("point 0 has p50 %g µs and max %g µs, want 1000, 9000", latencies.P50, latencies.Max)
		}
	}
	if line.total.messages != 7 || line.latency.TotalCount() != 7 || line.last != int64(250*time.Millisecond) {
		t.Errorf("together %d messages, %d latencies, the last at %d, want 7, 7, 250 ms", line.total.messages, line.latency.TotalCount(), line.last)
	}
}

// near allows for the precision of the histogram.
func near(got, want float64) bool { return got > .998*want && got < 1.002*want }

// Intervals follow each other without a gap, however long the run.
func TestTimelineEnd(t *testing.T) {
	for _, tt := range []struct {
		name     string
		duration time.Duration
		i        int
		want     time.Duration
	}{
		{"short run", time.Second, 4, 500 * time.Millisecond},
		{"a minute", time.Minute, 0, 300 * time.Millisecond},
		{"unknown: fine", 0, 199, 20 * time.Second},
		{"unknown: medium", 0, 200, 21 * time.Second},
		{"unknown: coarse", 0, 360, 190 * time.Second},
	} {
		if got := time.Duration(newTimeline(tt.duration).end(tt.i)); got != tt.want {
			t.Errorf("%s: end(%d) = %v, want %v", tt.name, tt.i, got, tt.want)
		}
	}
}

// Percentiles are those of the values, within the histogram's precision, and the
// curve agrees with them.
func TestCurve(t *testing.T) {
	h := newHistogram()
	const n = 100_000
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		if err := h.RecordValue(int64(i+1) * 1000); err != nil { // 1 µs to 100 ms
			t.Fatal(err)
		}
	}
	points := curve(h)
	for i, p := range points {
		if want := p.Percent / 100 * n; i > 0 && !near(p.Micros, want) {
			t.Errorf("%g %% took up to %g µs, want %g", p.Percent, p.Micros, want)
		}
	}
	if last := points[len(points)-1]; len(points) != 101 || last.Percent < 99.998 {
		t.Errorf("a curve of %d points up to %g %%, want 101, up to 99.999 %%", len(points), last.Percent)
	}
}

func TestTallyKeepsWithinRange(t *testing.T) {
	r := newTally(newTimeline(0))
	for _, latency := range []int64{-5, 0, 1, longest, 2 * longest} {
		r.arrived(latency, 1, 0)
	}
	if got := r.latency.TotalCount(); got != 5 {
		t.Errorf("%d of 5 latencies were counted", got)
	}
}
