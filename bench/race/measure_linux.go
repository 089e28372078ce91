package main

import (
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// effort is how much is done for one measurement.
type effort struct {
	rounds int
	warm   time.Duration // exchanged before
	run    time.Duration // exchanged
	idle   int           // connections that idle
	settle time.Duration // that they idle before their memory is counted
	churn  int           // connections that come and go
	casts  int           // deliveries of broadcasts
	flood  time.Duration // broadcasts go on while some do not read
	most   int           // connections that a scenario has at most; as many as it says if 0
	sparse int           // connections that send once a second
	paced  time.Duration // exchanged when each connection sends once a second
}

var (
	full  = effort{rounds: 7, warm: 500 * time.Millisecond, run: 2 * time.Second, idle: 4000, settle: 5 * time.Second, churn: 8000, casts: 150_000, flood: 5 * time.Second, sparse: 10_000, paced: 8 * time.Second}
	quick = effort{rounds: 3, warm: 100 * time.Millisecond, run: 300 * time.Millisecond, idle: 2000, settle: time.Second, churn: 1500, casts: 20_000, flood: 2 * time.Second, sparse: 2000, paced: 2 * time.Second}
)

// measure lets p do s on a fresh server, with the batches of s.prepare. It sets x.Value,
// and x.Packed and x.Memory if the scenario has them.
func (r *race) measure(s scenario, p peers.Peer, sent [][]load.Batch, x *sample) error {
	srv, fleet, err := r.enter(s, p)
	if err != nil {
		return err
	}
	defer srv.stop()
	defer fleet.Close()
	switch s.kind {
	case idle:
		x.Value, err = measureIdle(sent[0], fleet, srv, r.effort)
	case churn:
		x.Value, err = measureChurn(sent[0][0], fleet, srv, r.effort)
	case broadcast:
		x.Value, err = measureBroadcast(s, sent[0], fleet, srv, r.effort)
	case stalled:
		x.Value, err = measureStalled(s, sent[0], fleet, srv, r.effort)
	case paced:
		x.Value, x.Memory, err = measurePaced(s, sent[0], fleet, srv, r.effort)
	default:
		if err := r.effort.open(sent, fleet); err != nil {
			return err
		}
		x.Value, err = perMessage(srv, func() (int, error) { return fleet.Exchange(r.effort.run) })
	}
	x.Packed = packed(fleet)
	return err
}

// packed returns what compressed messages came to, as a part of their size; 0 without any.
func packed(fleet *load.Fleet) float64 {
	got, plain := fleet.Packed()
	if plain == 0 {
		return 0
	}
	return float64(got) / float64(plain)
}

// enter starts the server of p for s, and makes a fleet for it without connections.
func (r *race) enter(s scenario, p peers.Peer) (*server, *load.Fleet, error) {
	srv, err := r.start(s, p)
	if err != nil {
		return nil, nil, err
	}
	fleet, err := load.NewFleet(srv.addr, p.Raw)
	if err != nil {
		srv.stop()
		return nil, nil, err
	}
	fleet.Deflate, fleet.TLS = s.deflate, srv.tls
	return srv, fleet, nil
}

// open opens a connection for each element of sent, and has them exchange batches for the
// time to get warm.
func (e effort) open(sent [][]load.Batch, fleet *load.Fleet) error {
	sent = sent[:e.limited(len(sent))]
	if err := fleet.Open(len(sent), func(i int) []load.Batch { return sent[i] }); err != nil {
		return err
	}
	_, err := fleet.Exchange(e.warm)
	return err
}

// perMessage returns the server's CPU time per message of work, in
// microseconds.
func perMessage(srv *server, work func() (messages int, err error)) (float64, error) {
	before, err := booked(srv)
	if err != nil {
		return 0, err
	}
	messages, err := work()
	if err != nil {
		return 0, err
	}
	after, err := booked(srv)
	if err != nil {
		return 0, err
	}
	return float64((after - before).Nanoseconds()) / 1000 / float64(messages), nil
}

// booked returns the server's CPU time. It gives the server up to 150 ms to
// finish and sleep: the time of a thread is booked when it leaves the CPU.
func booked(srv *server) (now time.Duration, err error) {
	for range 50 {
		last := now
		time.Sleep(3 * time.Millisecond)
		if now, err = cpuTime(srv.pid()); err != nil {
			return 0, err
		}
		if now-last < 200*time.Microsecond {
			break
		}
	}
	return now, nil
}

func measureIdle(batches []load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	return memoryOf(e.idle, batches, fleet, srv, func() error {
		time.Sleep(e.settle)
		return nil
	})
}

// second is how often each connection of a paced scenario sends.
const second = time.Second

// measurePaced also returns the memory per connection.
func measurePaced(s scenario, batches []load.Batch, fleet *load.Fleet, srv *server, e effort) (cpu, memory float64, err error) {
	memory, err = memoryOf(e.limited(s.conns), batches, fleet, srv, func() error {
		if _, err := fleet.Pace(second, second); err != nil {
			return err
		}
		cpu, err = perMessage(srv, func() (int, error) { return fleet.Pace(e.paced, second) })
		return err
	})
	return cpu, memory, err
}

// memoryOf opens n connections that exchange one batch each, calls work, and returns what
// the server's memory has grown by then, in KiB per connection.
func memoryOf(n int, batches []load.Batch, fleet *load.Fleet, srv *server, work func() error) (float64, error) {
	same := func(int) []load.Batch { return batches }
	// Two connections first: what the first ones cost is not theirs.
	if err := fleet.Open(2, same); err != nil {
		return 0, err
	}
	if _, err := fleet.Exchange(0); err != nil {
		return 0, err
	}
	before, err := srv.resident()
	if err != nil {
		return 0, err
	}
	if err := fleet.Open(n, same); err != nil {
		return 0, err
	}
	if _, err := fleet.Exchange(0); err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := srv.resident()
	return float64(after-before) / 1024 / float64(n), err
}

// adapt returns the scenarios as they are with this effort: connections that send once a
// second are fewer in a short race, and the titles say so.
func (e effort) adapt(list []scenario) (adapted []scenario) {
	for _, s := range list {
		if s.kind == paced && e.sparse < s.conns {
			s.Title = strings.Replace(s.Title, humanize.Comma(int64(s.conns)), humanize.Comma(int64(e.sparse)), 1)
			s.conns = e.sparse
		}
		adapted = append(adapted, s)
	}
	return adapted
}

// limited returns how many connections a scenario has that should have n.
func (e effort) limited(n int) int {
	if e.most > 0 {
		return min(n, e.most)
	}
	return n
}

func measureChurn(b load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	if err := fleet.Churn(e.churn/10, b); err != nil {
		return 0, err
	}
	return perMessage(srv, func() (int, error) { return e.churn, fleet.Churn(e.churn, b) })
}
