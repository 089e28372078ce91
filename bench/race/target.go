package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/zerowire/websocket/bench/peers"
	"github.com/zerowire/websocket/bench/stats"
)

// target is what one of our peers has to reach in a scenario.
type target struct {
	scenario string
	peer     string
	over     string  // what the peer's cost is divided by: a peer, absolute, or bestPeer
	limit    float64 // the quotient is at most this
	below    bool    // the quotient is less than the limit
}

// What a cost can be divided by beside a peer's.
const (
	absolute = ""     // nothing: the limit has the scenario's unit
	bestPeer = "best" // the cost of the other library that is the cheapest in the scenario
)

// targets are all there are. What ours reaches in them as events, ours-blocking may
// exceed by 5 %.
var targets = slices.Concat(
	perScenario("ours", peers.Baseline, []limit{
		{"s", 0.85}, {"a", 1.00}, {"c1", 1.00}, {"b", 1.15}, {"c16", 1.10}, {"d", 0.85},
		{"e", 0.90}, {"e2", 1.00}, {"g", 1.05}, {"h", 1.00}, {"t1", 0.97}, {"t32", 1.50}, {"t16k", 1.00},
	}),
	perScenario("ours-hub", peers.Baseline, []limit{{"h", 0.65}}),
	perScenario("ours", "gorilla", []limit{{"z1", 0.65}, {"z16", 0.42}}),
	perScenario("ours-blocking", "ours", []limit{
		{"s", 1.05}, {"a", 1.05}, {"c1", 1.05}, {"b", 1.05}, {"c16", 1.05}, {"d", 1.05},
		{"e", 1.05}, {"e2", 1.05}, {"g", 1.05}, {"t1", 1.05}, {"t32", 1.05}, {"t16k", 1.05}, {"z1", 1.05}, {"z16", 1.05},
	}),
	[]target{
		{"a", "ours", "gobwas", 1, true},
		{"c1", "ours", "gobwas", 1, true},
		{"t1", "ours", bestPeer, 1, true},
		{"t32", "ours", bestPeer, 1, true},
		{"t16k", "ours", bestPeer, 1, true},
		{"f", "ours", absolute, 4.0, false},
		{"f", "ours-blocking", absolute, 5.5, false},
		{"f", "ours-upgrade", absolute, 9.0, false},
	},
)

// limit is the limit of a scenario.
type limit struct {
	scenario string
	most     float64
}

// perScenario returns the targets of peer over another one.
func perScenario(peer, over string, limits []limit) (list []target) {
	for _, l := range limits {
		list = append(list, target{scenario: l.scenario, peer: peer, over: over, limit: l.most})
	}
	return list
}

// verdict is a target beside what was measured.
type verdict struct {
	Scenario string  `json:"scenario"`
	Peer     string  `json:"peer"`
	Target   string  `json:"target"`
	Got      float64 `json:"got"`
	Holds    bool    `json:"holds"`
}

// judge returns the verdicts of the targets whose peers were measured, in the order of
// the scenarios.
func judge(cells []cell, samples []sample, list []target) (verdicts []verdict) {
	for cells := range byScenario(cells) {
		for _, t := range list {
			if t.scenario != cells[0].Scenario {
				continue
			}
			if v, ok := t.judge(cells, samples); ok {
				verdicts = append(verdicts, v)
			}
		}
	}
	return verdicts
}

// judge returns false if what t is about was not measured.
func (t target) judge(cells []cell, samples []sample) (v verdict, ok bool) {
	ours, ok := find(cells, t.peer)
	if !ok {
		return v, false
	}
	v = verdict{Scenario: t.scenario, Peer: t.peer}
	over := t.over
	if over == bestPeer {
		best, ok := bestOther(cells)
		if !ok {
			return v, false
		}
		over = best.Peer
	}
	switch over {
	case absolute:
		v.Got = ours.Value.Median
	case peers.Baseline:
		v.Got = ours.Ratio.Median
	default:
		v.Got = paired(samples, t.scenario, t.peer, over)
	}
	if v.Got == 0 {
		return v, false
	}
	v.Got = math.Round(100*v.Got) / 100 // as it is printed
	v.Holds = v.Got < t.limit || v.Got == t.limit && !t.below
	v.Target = t.describe(over, ours.Unit)
	return v, true
}

// describe returns the condition in words.
func (t target) describe(over, unit string) string {
	switch {
	case t.below && t.over == bestPeer:
		return fmt.Sprintf("below every peer (÷ %s)", over)
	case t.below:
		return fmt.Sprintf("below %s (÷ %s)", over, over)
	case over == absolute:
		return fmt.Sprintf("<= %.1f %s", t.limit, unit)
	case over == peers.Baseline:
		return fmt.Sprintf("<= %.2f", t.limit)
	}
	return fmt.Sprintf("<= %.2f ÷ %s", t.limit, over)
}

// find returns the cell of peer, if it was measured without an error.
func find(cells []cell, peer string) (c cell, ok bool) {
	for _, c := range cells {
		if c.Peer == peer && c.Err == "" {
			return c, true
		}
	}
	return c, false
}

// bestOther returns the best cell of the other libraries that do all that the scenario
// demands.
func bestOther(cells []cell) (best cell, ok bool) {
	for _, c := range cells {
		if c.Err != "" || c.Unchecked || c.ours() || c.Peer == peers.Baseline {
			continue
		}
		if !ok || c.better(best) {
			best, ok = c, true
		}
	}
	return best, ok
}

// bestOfOurs returns the best cell of our peers.
func bestOfOurs(cells []cell) (best cell, ok bool) {
	for _, c := range cells {
		if c.Err == "" && c.ours() && (!ok || c.better(best)) {
			best, ok = c, true
		}
	}
	return best, ok
}

// ours reports whether c is of this library.
func (c cell) ours() bool { return strings.HasPrefix(c.Peer, "ours") }

// better reports whether c is better than other, of the same scenario.
func (c cell) better(other cell) bool {
	if c.More {
		c, other = other, c
	}
	if c.Unit == unitMemory || c.Ratio.Median == 0 || other.Ratio.Median == 0 {
		return c.Value.Median < other.Value.Median
	}
	return c.Ratio.Median < other.Ratio.Median
}

// paired returns the median of what peer cost as a multiple of what over cost in the same
// round; 0 if no round has both.
func paired(samples []sample, scenario, peer, over string) float64 {
	type turn struct{ own, others []float64 }
	turns := map[int]*turn{}
	for _, x := range samples {
		if x.Scenario != scenario || x.Err != "" || x.Peer != peer && x.Peer != over {
			continue
		}
		t := turns[x.Round]
		if t == nil {
			t = &turn{}
			turns[x.Round] = t
		}
		if x.Peer == peer {
			t.own = append(t.own, x.Value)
		} else {
			t.others = append(t.others, x.Value)
		}
	}
	var quotients []float64
	for _, t := range turns {
		if len(t.own) > 0 && len(t.others) > 0 {
			quotients = append(quotients, stats.Of(t.own).Median/stats.Of(t.others).Median)
		}
	}
	return stats.Of(quotients).Median
}

// printTargets writes the verdicts, and the scenarios in which another library is ahead.
func (r *report) printTargets(w io.Writer) error {
	if len(r.Targets) > 0 {
		holding := 0
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, v := range r.Targets {
			if v.Holds {
				holding++
			}
			fmt.Fprintf(t, "%s\t%s\ttarget %s:\t%.2f\t%s\n", v.Scenario, v.Peer, v.Target, v.Got, v.outcome())
		}
		fmt.Fprintf(w, "\ntargets: %d of %d hold\n", holding, len(r.Targets))
		if err := t.Flush(); err != nil {
			return err
		}
	}
	for _, line := range r.behind() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// ofMemory reports whether v is about a limit for memory.
func (v verdict) ofMemory() bool { return strings.HasSuffix(v.Target, unitMemory) }

func (v verdict) outcome() string {
	if v.Holds {
		return "holds"
	}
	return "does not hold"
}

// behind returns a line for each scenario in which another library is better than all of
// our forms. A library that does not check what the scenario demands is named as such.
func (r *report) behind() (lines []string) {
	for cells := range byScenario(r.Cells) {
		ours, ok := bestOfOurs(cells)
		if !ok {
			continue
		}
		var ahead []string
		for _, c := range cells {
			if c.Err == "" && !c.ours() && c.Peer != peers.Baseline && c.better(ours) {
				ahead = append(ahead, c.Peer+" "+c.figure())
			}
		}
		if len(ahead) > 0 {
			lines = append(lines, fmt.Sprintf("%s: ahead of %s %s: %s", cells[0].Scenario, ours.Peer, ours.figure(), strings.Join(ahead, ", ")))
		}
	}
	return lines
}

// figure is the entry of c in a table: the ratio, or the absolute value in a scenario
// that counts memory.
func (c cell) figure() string {
	if c.Unit == unitMemory {
		return fmt.Sprintf("%.1f", c.Value.Median)
	}
	return c.number()
}
