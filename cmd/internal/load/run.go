package load

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/loadgen"
)

// plan is what to do.
type plan struct {
	Command  // with what its flags leave open
	dial     *websocket.DialOptions
	direct   bool // sockets may be taken over
	script   *loadgen.Script
	exchange *exchange
	agreed   string // the extensions of the first connection
}

// compression returns what the server has agreed to, "" if it was not asked.
func (p *plan) compression() string {
	if p.dial.Compression == nil {
		return ""
	}
	return cmp.Or(p.agreed, "declined")
}

// run is a plan being carried out.
type run struct {
	plan     *plan
	schedule *schedule
	timeline *timeline
	links    int         // connections that could be opened
	direct   bool        // all of them are sockets that were taken over
	stopped  atomic.Bool // ctx has ended: nothing more is sent
	start    time.Time
	busy     usage // what the run has cost this process
	length   int64 // from the start to the last echo or the end of the duration, in ns

	watch func(t *timeline, elapsed time.Duration) // shows progress
}

// now returns how long the run has been going on, in ns.
func (r *run) now() int64 { return int64(time.Since(r.start)) }

// interruptedTime is how long echoes may take once ctx has ended.
const interruptedTime = time.Second

// drainTime returns how long echoes may take once nothing more is due, in ns.
func (r *run) drainTime() int64 {
	if r.stopped.Load() {
		return int64(min(r.plan.Timeout, interruptedTime))
	}
	return int64(r.plan.Timeout)
}

// ended reports whether a driver is done: none of its connections is live, or nothing more is
// due, which over keeps the time of, and all is settled or has had its time.
func (r *run) ended(now int64, over *int64, live int, settled func() bool) bool {
	if *over == 0 && (r.stopped.Load() || r.schedule.over(now)) {
		*over = now
	}
	return live == 0 || *over > 0 && (now > *over+r.drainTime() || settled())
}

// carryOut opens the connections, puts load on them and closes them. When ctx ends,
// it stops sending, and what was measured so far counts.
func (p *plan) carryOut(ctx context.Context, watch func(*timeline, time.Duration)) (*run, error) {
	r := &run{plan: p, watch: watch, timeline: newTimeline(p.Duration), links: p.Connections}
	links := make([]link, p.Connections) // a ramp opens them later
	for i := range links {
		links[i].number = i
	}
	ramp := p.exchange.ramp.over > 0
	if !ramp {
		var err error
		if links, err = dialAll(ctx, p.URL, p.dial, p.Connections, p.direct, r.timeline.faults); err != nil {
			return nil, err
		}
		r.links, p.agreed = len(links), links[0].extensions
	}
	r.schedule = &schedule{rate: p.Rate, connections: r.links, end: int64(p.Duration)}
	if p.Messages > 0 {
		r.schedule.budget = newBudget(p.Messages)
	}
	conns := slices.DeleteFunc(slices.Clone(links), func(l link) bool { return !ramp && l.conn == nil })
	sockets := slices.DeleteFunc(links, func(l link) bool { return ramp || l.conn != nil })
	r.direct = len(conns) == 0
	drivers := newWorkers(r, sockets)
	if r.direct {
		return r, r.drive(ctx, drivers)
	}
	s := newStage(r, conns)
	err := r.drive(ctx, append(drivers, s))
	if r.links = len(sockets) + int(s.open.Load()); r.links == 0 && err == nil {
		err = s.failed
	}
	return r, err
}

// driver puts load on some connections and returns when all of it has come back,
// or was given up.
type driver interface{ drive() error }

// errSilent is why a connection ended on which an echo did not come.
var errSilent = errors.New("no echo within --timeout")

// tick is how often connections are checked, in ns.
const tick = int64(shortestInterval)

// partTime is how long a server may take for the closing handshake.
const partTime = time.Second

// drive lets all drivers work, and returns when they have.
func (r *run) drive(ctx context.Context, drivers []driver) error {
	defer context.AfterFunc(ctx, func() { r.stopped.Store(true) })()
	r.start = time.Now()
	before := processUsage()
	errs := make([]error, len(drivers))
	var driving sync.WaitGroup
	for i, d := range drivers {
		driving.Go(func() { errs[i] = d.drive() })
	}
	done := make(chan struct{})
	go func() {
		driving.Wait()
		close(done)
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		case <-time.After(200 * time.Millisecond):
			r.watch(r.timeline, time.Since(r.start))
		}
	}
	r.busy = processUsage().minus(before)
	if r.length = r.timeline.last; !r.stopped.Load() || r.length == 0 {
		r.length = max(r.length, min(r.now(), int64(r.plan.Duration)))
	}
	return errors.Join(errs...)
}

// usage is CPU time.
type usage struct{ user, system time.Duration }

func (u usage) minus(v usage) usage  { return usage{u.user - v.user, u.system - v.system} }
func (u usage) total() time.Duration { return u.user + u.system }
