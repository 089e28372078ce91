package bench

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"golang.org/x/perf/benchmath"
	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/bench/load"
)

// gorillaWork is what both libraries do in turn.
type gorillaWork struct {
	name    string
	conns   int
	batch   load.Batch
	echo    gorillaWay
	deflate load.Deflate
	casts   bool // the server sends the batch, instead of echoing it
}

var gorillaWorks = []gorillaWork{
	{name: "125B", conns: 16, batch: load.NewBatch(load.ASCII, 125, 1, 1), echo: echoWhole},
	{name: "1KiB", conns: 16, batch: load.NewBatch(load.ASCII, 1<<10, 1, 1), echo: echoWhole},
	{name: "16KiB", conns: 16, batch: load.NewBatch(load.ASCII, 16<<10, 1, 1), echo: echoWhole},
	{name: "1MiB", conns: 4, batch: load.NewBatch(load.ASCII, 1<<20, 1, 1), echo: echoWhole},
	{name: "streamed-16KiB", conns: 16, batch: load.NewBatch(load.ASCII, 16<<10, 1, 1), echo: echoStreamed},
	{name: "compressed-1KiB", conns: 16, batch: load.NewBatch(load.JSON, 1<<10, 1, 1).Deflated(), echo: echoWhole, deflate: load.Alone},
	{name: "broadcast-512B-to-500", conns: 500, batch: load.NewBatch(load.Binary, 512, 1, 1), echo: echoWhole, casts: true},
}

// gorillaSide is one of the two libraries with its connections.
type gorillaSide struct {
	*gorillaLibrary
	*gorillaWork
	fleet   *load.Fleet
	publish chan struct{} // the server sends the batch to all connections

	cpu, allocs []float64 // per message, in nanoseconds and objects, of each turn
}

// newGorillaSide returns l with connections that have exchanged a message each. The caller
// has to be the only one that uses the fleet.
func newGorillaSide(tb testing.TB, l *gorillaLibrary, w *gorillaWork) *gorillaSide {
	tb.Helper()
	s := &gorillaSide{gorillaLibrary: l, gorillaWork: w}
	upgraded := make(chan gorillaConn, w.conns)
	addr := l.serve(tb, w.echo, w.deflate != load.Off, upgraded)
	fleet, err := load.NewFleet(addr, false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fleet.Close)
	s.fleet, fleet.Deflate = fleet, w.deflate
	if err := fleet.Open(w.conns, func(int) []load.Batch { return []load.Batch{w.batch} }); err != nil {
		tb.Fatal(err)
	}
	if _, err := fleet.Exchange(0); err != nil {
		tb.Fatal(err)
	}
	if w.casts {
		var conns []gorillaConn
		for range w.conns {
			conns = append(conns, <-upgraded)
		}
		s.publish = make(chan struct{})
		tb.Cleanup(func() { close(s.publish) })
		go s.broadcast(tb, conns)
	}
	return s
}

// broadcast prepares the message anew and sends it to all, once for each publish.
func (s *gorillaSide) broadcast(tb testing.TB, conns []gorillaConn) {
	for range s.publish {
		send, err := s.prepare(s.batch.Payload(0))
		if err != nil {
			tb.Error(err)
			return
		}
		for _, c := range conns {
			if err := send(c); err != nil {
				tb.Error(err)
				return
			}
		}
	}
}

// exchange does the work for d, and at least once, and returns the number of messages.
func (s *gorillaSide) exchange(d time.Duration) (messages int, err error) {
	if !s.casts {
		return s.fleet.Exchange(d)
	}
	for end := time.Now().Add(d); ; {
		n, err := s.fleet.Receive(s.batch, func() error { s.publish <- struct{}{}; return nil })
		messages += n
		if err != nil || !time.Now().Before(end) {
			return messages, err
		}
	}
}

// measure notes what the process has used for messages, without the calling thread, which
// is the client.
func (s *gorillaSide) measure(d time.Duration) error {
	runtime.GC() // what the turn before has left is not counted
	cpu, allocs := processWithoutThread(), allocated()
	n, err := s.exchange(d)
	if err != nil {
		return fmt.Errorf("%s: %w", s.gorillaLibrary.name, err)
	}
	s.cpu = append(s.cpu, float64((processWithoutThread()-cpu).Nanoseconds())/float64(n))
	s.allocs = append(s.allocs, float64(allocated()-allocs)/float64(n))
	return nil
}

// processWithoutThread returns the CPU time of the process less that of this thread.
func processWithoutThread() time.Duration { return used(unix.RUSAGE_SELF) - used(unix.RUSAGE_THREAD) }

func used(by int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(by, &u); err != nil {
		panic(err) // by is valid, and so is the address
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// allocated returns how many objects the process has allocated.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// turnTime is how long a library does its work until the other one has its turn. On a machine
// that has other work, too, two short turns beside each other are alike.
const turnTime = 50 * time.Millisecond

// BenchmarkGorilla measures package gorilla beside gorilla/websocket: server CPU and
// allocations per message, in the same process and in turns. An iteration is one turn of
// each; -benchtime 150x takes about two minutes for all. The ratio is that of the two turns
// of an iteration, ours over gorilla's. The metrics are medians, and ±% is as in benchstat:
// the median of the ratio is within it with 95 % confidence. It needs six iterations.
func BenchmarkGorilla(b *testing.B) {
	for i := range gorillaWorks {
		w := &gorillaWorks[i]
		b.Run(w.name, func(b *testing.B) {
			runtime.LockOSThread() // for the client's CPU time
			defer runtime.UnlockOSThread()
			var sides [len(gorillaLibraries)]*gorillaSide
			for i := range sides {
				sides[i] = newGorillaSide(b, &gorillaLibraries[i], w)
				if _, err := sides[i].exchange(turnTime); err != nil {
					b.Fatal(err)
				}
			}
			for first := 0; b.Loop(); first = 1 - first {
				for i := range sides {
					if err := sides[(first+i)%len(sides)].measure(turnTime); err != nil {
						b.Fatal(err)
					}
				}
			}
			reportSides(b, sides[0], sides[1])
		})
	}
}

// reportSides reports the metrics of a benchmark.
func reportSides(b *testing.B, ours, gorilla *gorillaSide) {
	var ratios []float64
	for i := range ours.cpu {
		ratios = append(ratios, ours.cpu[i]/gorilla.cpu[i])
	}
	ratio := median(ratios)
	b.ReportMetric(0, "ns/op") // two turns take as long as they should
	b.ReportMetric(ratio.Center, "ratio")
	if away := max(ratio.Hi-ratio.Center, ratio.Center-ratio.Lo); !math.IsInf(away, 0) {
		b.ReportMetric(100*away/ratio.Center, "±%")
	}
	for _, s := range []*gorillaSide{ours, gorilla} {
		b.ReportMetric(median(s.cpu).Center, s.gorillaLibrary.name+"-cpu-ns/msg")
		b.ReportMetric(median(s.allocs).Center, s.gorillaLibrary.name+"-allocs/msg")
	}
}

// median returns the median of values, with the interval that has it with 95 % confidence.
func median(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// Both libraries do each of the works, and what they use for it is measured.
func TestGorillaWorks(t *testing.T) {
	for i := range gorillaWorks {
		w := &gorillaWorks[i]
		t.Run(w.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for i := range gorillaLibraries {
				s := newGorillaSide(t, &gorillaLibraries[i], w)
				if n, err := s.exchange(0); n != w.conns || err != nil {
					t.Fatalf("%s: exchange = %d, %v, want %d messages", s.gorillaLibrary.name, n, err, w.conns)
				}
				if err := s.measure(20 * time.Millisecond); err != nil || s.cpu[0] < 100 {
					t.Errorf("%s: a message takes %v ns, %v", s.gorillaLibrary.name, s.cpu, err)
				}
			}
		})
	}
}
