package main

import (
	"time"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
	"github.com/zerowire/websocket/bench/stats"
)

// turnTime is how long one server works before the next has its turn: much shorter than
// the times for which a machine is faster or slower, and long enough for thousands of
// messages.
const turnTime = 50 * time.Millisecond

// contestant is a server with its connections, whose turns are counted.
type contestant struct {
	srv   *server
	fleet *load.Fleet
	err   error
}

// contest starts the server of p for s, and opens the connections.
func (r *race) contest(s scenario, p peers.Peer, sent [][]load.Batch) *contestant {
	c := &contestant{}
	if c.srv, c.fleet, c.err = r.enter(s, p); c.err == nil {
		c.err = r.effort.open(sent, c.fleet)
	}
	return c
}

func (c *contestant) leave() {
	if c.srv != nil {
		c.fleet.Close()
		c.srv.stop()
	}
}

// takeTurns lets the runners do s in short turns, each with a server that lives for the
// round. So what the machine does meanwhile costs all of them the same. The baseline is
// the first and the last of them.
func (r *race) takeTurns(s scenario, runners []peers.Peer, sent [][]load.Batch, round int) []sample {
	contestants := map[string]*contestant{}
	for _, p := range runners {
		if contestants[p.Name] == nil {
			c := r.contest(s, p, sent)
			defer c.leave()
			contestants[p.Name] = c
		}
	}
	turn := min(turnTime, r.effort.run)
	costs := make([][]float64, len(runners)) // by runner, then by turn
	for range r.effort.run / turn {
		for i, p := range runners {
			c := contestants[p.Name]
			if c.err != nil {
				continue
			}
			var cost float64
			cost, c.err = perMessage(c.srv, func() (int, error) { return c.fleet.Exchange(turn) })
			costs[i] = append(costs[i], cost)
		}
	}
	samples := make([]sample, len(runners))
	for i, p := range runners {
		x := &samples[i]
		*x = sample{Round: round, Scenario: s.ID, Peer: p.Name}
		c := contestants[p.Name]
		if c.err != nil {
			x.Err = c.err.Error()
			continue
		}
		x.Value = stats.Of(costs[i]).Median
		if contestants[peers.Baseline].err == nil {
			x.Ratio = ratioByTurn(costs[i], costs[0], costs[len(costs)-1])
		}
		x.Packed = packed(c.fleet)
	}
	return samples
}

// ratioByTurn returns the median of costs as multiples of the mean of the two baselines in
// the same turn.
func ratioByTurn(costs, first, last []float64) float64 {
	ratios := make([]float64, len(costs))
	for i, cost := range costs {
		ratios[i] = 2 * cost / (first[i] + last[i])
	}
	return stats.Of(ratios).Median
}
