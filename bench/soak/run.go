package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// config is what to do.
type config struct {
	duration time.Duration
	seed     uint64
	limit    time.Duration // of the server, for everything
	timeout  time.Duration // of the clients, beyond that
	faults   []fault
	shapes   []shape
	log      io.Writer // a line for each fault
}

// soak is a run.
type soak struct {
	config
	child *child
	site  *site
	tally *tally

	before, peak Usage
}

// most is how many faults are under way at a time.
const most = 100

// run carries out the plan for a seed. When ctx ends it comes to an end early.
func run(ctx context.Context, c config, show func(*tally, Usage)) (*report, error) {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	s := &soak{config: c, site: newSite(), tally: newTally(c, giveUp)}
	var err error
	if s.child, err = startChild(); err != nil {
		return nil, err
	}
	defer s.child.cmd.Process.Kill() // has no effect on one that has ended
	if err := s.child.call("Usage", true, &s.before, s.timeout); err != nil {
		return nil, err
	}
	s.open()
	interrupted := s.carryOut(ctx, show)
	after := s.settle()
	if err := s.child.stop(s.timeout); err != nil {
		s.tally.fail("the end", err)
	}
	return newReport(s, after, interrupted), nil
}

// carryOut does what is planned, with honest clients there all the time. It reports
// whether ctx has ended it.
func (s *soak) carryOut(ctx context.Context, show func(*tally, Usage)) (interrupted bool) {
	var honest, attacks, watch sync.WaitGroup
	over := make(chan struct{})
	watch.Go(func() { s.watch(over, show) })
	for i := range s.shapes {
		sh := &s.shapes[i]
		for j, d := range sh.doors {
			for k := range sh.conns {
				r := newRand(s.seed + uint64(i)<<32 + uint64(j)<<16 + uint64(k))
				honest.Go(func() { s.honest(sh, s.tally.shapes[i], d, r) })
			}
		}
	}
	// The slowest faults need twice the limit, and so does the end of the run.
	length := s.duration - min(2*s.limit, s.duration/2)
	slots := make(chan struct{}, most)
	for _, e := range newPlan(s.seed, length, s.limit, s.faults) {
		if !sleepUntil(ctx, s.tally.start.Add(e.at)) {
			break
		}
		if e.fault == nil {
			s.shutdown(false)
			continue
		}
		slots <- struct{}{}
		g, err := s.site.enter()
		if err != nil {
			break
		}
		attacks.Go(func() {
			s.inject(g, e)
			<-slots
		})
	}
	waitFor(ctx, &attacks) // with everything else going on
	interrupted = ctx.Err() != nil
	s.shutdown(true)
	attacks.Wait()
	honest.Wait()
	close(over)
	watch.Wait()
	return interrupted
}

// sleepUntil reports whether ctx has not ended until t.
func sleepUntil(ctx context.Context, t time.Time) bool {
	wake := time.NewTimer(time.Until(t))
	defer wake.Stop()
	select {
	case <-wake.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// waitFor waits for group, or until ctx ends.
func waitFor(ctx context.Context, group *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// open starts the next generation of the server.
func (s *soak) open() {
	var at Addresses
	if err := s.child.call("Open", s.limit, &at, s.timeout); err != nil {
		s.tally.fail("the start of a server", err)
		s.site.shut(true)
		s.tally.giveUp()
		return
	}
	s.site.open(at)
}

// shutdownName is the name of a shutdown among the faults.
const shutdownName = "shutdown with everybody connected"

// shutdown ends the generation, and, if it is not the last one, starts the next.
func (s *soak) shutdown(last bool) {
	g := s.site.shut(last)
	if g == nil {
		return // none could be started
	}
	start, o := time.Now(), survived
	err := s.endGeneration(g)
	if err != nil {
		o = failed
	}
	s.note(shutdownName, o, time.Since(start), err)
	if !last {
		s.open()
	}
}

// endGeneration shuts the server down. Every connection ends within the limits for
// sending and for the closing handshake, and what the server has sent to honest clients they
// have got.
func (s *soak) endGeneration(g *generation) error {
	var sent map[uint64]Account
	limit := 2*s.limit + s.timeout
	if err := s.child.call("Shutdown", limit, &sent, limit+s.timeout); err != nil {
		return err
	}
	g.clients.Wait()
	if err := s.balance(g, sent); err != nil {
		return err
	}
	u, err := s.await(false, func(u Usage) bool { return u.isBack(s.before) })
	if err == nil && !u.isBack(s.before) {
		err = fmt.Errorf("the server is shut down, and still holds more than before: %s", strings.Join(u.left(s.before), ", "))
	}
	return err
}

// balance compares what the server has sent to honest clients with what they have got.
func (s *soak) balance(g *generation, sent map[uint64]Account) error {
	var errs []error
	for id, got := range g.got {
		switch sent := sent[id]; {
		case sent.Err != "":
			errs = append(errs, fmt.Errorf("the server could not answer honest client %d: %s", id, sent.Err))
		case sent != got:
			s.tally.lose(sent, got)
			errs = append(errs, fmt.Errorf("the server has sent %d messages, %d bytes, to honest client %d, who has got %d, %d", sent.Messages, sent.Bytes, id, got.Messages, got.Bytes))
		}
	}
	return errors.Join(errs...)
}
