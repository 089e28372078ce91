package main

import (
	"os"
	"slices"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/zerowire/websocket/bench/peers"
)

// race is who runs what, and how.
type race struct {
	scenarios []scenario
	runners   []peers.Peer
	effort    effort
	cores     cores
	profiles  string // directory for CPU profiles of the servers; none if empty
}

// run lets the runners take turns at the scenarios.
func (r *race) run() (samples []sample) {
	bar := progressbar.NewOptions(r.effort.rounds*len(r.scenarios),
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	defer bar.Finish()
	for round := range r.effort.rounds {
		for _, s := range r.scenarios {
			bar.Describe(s.ID)
			begin, sent := len(samples), s.prepare()
			runners := slices.DeleteFunc(r.turn(round), func(p peers.Peer) bool { return !s.possible(p) })
			if s.takesTurns() {
				samples = append(samples, r.takeTurns(s, runners, sent, round+1)...)
				bar.Add(1)
				continue
			}
			for _, p := range runners {
				x := sample{Round: round + 1, Scenario: s.ID, Peer: p.Name}
				if err := r.measure(s, p, sent, &x); err != nil {
					x = sample{Round: x.Round, Scenario: x.Scenario, Peer: x.Peer, Err: err.Error()}
				}
				samples = append(samples, x)
			}
			bar.Add(1)
			relate(samples[begin:])
		}
	}
	return samples
}

// turn returns the order of a round: another runner begins each time, and the
// baseline runs at both ends.
func (r *race) turn(round int) []peers.Peer {
	base, _ := peers.Find(peers.Baseline)
	order := []peers.Peer{base}
	for i := range r.runners {
		if p := r.runners[(i+round)%len(r.runners)]; p.Name != base.Name {
			order = append(order, p)
		}
	}
	return append(order, base)
}
