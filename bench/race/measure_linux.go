package main

import (
	"time"

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
	most   int           // connections that broadcasts have at most; as many as the scenario says if 0
}

var (
	full  = effort{rounds: 7, warm: 500 * time.Millisecond, run: 2 * time.Second, idle: 4000, settle: 5 * time.Second, churn: 8000, casts: 150_000, flood: 5 * time.Second}
	quick = effort{rounds: 3, warm: 100 * time.Millisecond, run: 300 * time.Millisecond, idle: 2000, settle: time.Second, churn: 1500, casts: 20_000, flood: 2 * time.Second}
)

// measure lets p do s on a fresh server, with the batches of s.prepare. The value is the server's CPU time per
// message in microseconds, its memory per connection in KiB, or the messages that
// a connection gets in a second; packed is what
// compressed messages came to, as a part of their size.
func (r *race) measure(s scenario, p peers.Peer, sent [][]load.Batch) (value, packed float64, err error) {
	srv, err := r.start(s, p)
	if err != nil {
		return 0, 0, err
	}
	defer srv.stop()
	fleet, err := load.NewFleet(srv.addr, p.Raw)
	if err != nil {
		return 0, 0, err
	}
	defer fleet.Close()
	fleet.Deflate, fleet.TLS = s.deflate, srv.tls
	switch s.kind {
	case idle:
		value, err = measureIdle(sent[0], fleet, srv, r.effort)
	case churn:
		value, err = measureChurn(sent[0][0], fleet, srv, r.effort)
	case broadcast:
		value, err = measureBroadcast(s, sent[0], fleet, srv, r.effort)
	case stalled:
		value, err = measureStalled(s, sent[0], fleet, srv, r.effort)
	default:
		value, err = measureExchange(sent, fleet, srv, r.effort)
	}
	if got, plain := fleet.Packed(); plain > 0 {
		packed = float64(got) / float64(plain)
	}
	return value, packed, err
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

func measureExchange(sent [][]load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	if err := fleet.Open(len(sent), func(i int) []load.Batch { return sent[i] }); err != nil {
		return 0, err
	}
	if _, err := fleet.Exchange(e.warm); err != nil {
		return 0, err
	}
	return perMessage(srv, func() (int, error) { return fleet.Exchange(e.run) })
}

func measureIdle(batches []load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
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
	if err := fleet.Open(e.idle, same); err != nil {
		return 0, err
	}
	if _, err := fleet.Exchange(0); err != nil {
		return 0, err
	}
	time.Sleep(e.settle)
	after, err := srv.resident()
	return float64(after-before) / 1024 / float64(e.idle), err
}

func measureChurn(b load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	if err := fleet.Churn(e.churn/10, b); err != nil {
		return 0, err
	}
	return perMessage(srv, func() (int, error) { return e.churn, fleet.Churn(e.churn, b) })
}
