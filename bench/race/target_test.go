package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/bench/peers"
)

// Each target is about a scenario and about peers that there are.
func TestTargetsExist(t *testing.T) {
	for _, want := range targets {
		s := slices.IndexFunc(scenarios, func(s scenario) bool { return s.ID == want.scenario })
		if s < 0 {
			t.Errorf("target %+v: there is no such scenario", want)
			continue
		}
		for _, name := range []string{want.peer, want.over} {
			if name == absolute || name == bestPeer {
				continue
			}
			if p, ok := peers.Find(name); !ok || !scenarios[s].possible(p) {
				t.Errorf("target %+v: %s is not measured in that scenario", want, name)
			}
		}
	}
}

// samplesOf returns the samples of one scenario, in which values has what each peer cost
// in each round.
func samplesOf(id string, values map[string][]float64) (samples []sample) {
	for round := range 3 {
		begin := len(samples)
		for peer, v := range values {
			if round < len(v) {
				samples = append(samples, sample{Round: round + 1, Scenario: id, Peer: peer, Value: v[round]})
			}
		}
		relate(samples[begin:])
	}
	return samples
}

func scenarioNamed(id string) scenario {
	return scenarios[slices.IndexFunc(scenarios, func(s scenario) bool { return s.ID == id })]
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target target
		values map[string][]float64
		want   verdict // none if zero
	}{
		{
			"ratio to the baseline", target{"a", "ours", "tcp", 0.85, false},
			map[string][]float64{"tcp": {10, 10, 20}, "ours": {8, 9, 16.8}},
			verdict{"a", "ours", "<= 0.85", 0.84, true},
		},
		{
			"as it is printed", target{"a", "ours", "tcp", 0.85, false},
			map[string][]float64{"tcp": {10}, "ours": {8.549}},
			verdict{"a", "ours", "<= 0.85", 0.85, true},
		},
		{
			"too much", target{"a", "ours", "tcp", 0.85, false},
			map[string][]float64{"tcp": {10}, "ours": {9}},
			verdict{"a", "ours", "<= 0.85", 0.9, false},
		},
		{
			"memory", target{"f", "ours", absolute, 4, false},
			map[string][]float64{"tcp": {70}, "ours": {4.5}},
			verdict{"f", "ours", "<= 4.0 KiB", 4.5, false},
		},
		{
			"another form, in the same round", target{"a", "ours-blocking", "ours", 1.05, false},
			map[string][]float64{"ours": {10, 20, 10}, "ours-blocking": {10.4, 20.6, 12}},
			verdict{"a", "ours-blocking", "<= 1.05 ÷ ours", 1.04, true},
		},
		{
			"below a peer", target{"a", "ours", "gobwas", 1, true},
			map[string][]float64{"ours": {10, 9, 10}, "gobwas": {10, 10, 10}},
			verdict{"a", "ours", "below gobwas (÷ gobwas)", 1, false},
		},
		{
			"below every peer", target{"a", "ours", bestPeer, 1, true},
			map[string][]float64{"tcp": {5}, "ours": {9}, "ours-blocking": {7}, "gobwas": {12}, "gws": {10}},
			verdict{"a", "ours", "below every peer (÷ gws)", 0.9, true},
		},
		{"without the peer", target{"a", "ours", "tcp", 1, false}, map[string][]float64{"tcp": {5}}, verdict{}},
		{"without the other", target{"a", "ours", "gobwas", 1, true}, map[string][]float64{"ours": {5}}, verdict{}},
		{"without a baseline", target{"a", "ours", "tcp", 1, false}, map[string][]float64{"ours": {5}}, verdict{}},
		{"without another library", target{"a", "ours", bestPeer, 1, true}, map[string][]float64{"ours": {5}, "tcp": {5}}, verdict{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			samples := samplesOf(tt.target.scenario, tt.values)
			r := newReport(samples, []scenario{scenarioNamed(tt.target.scenario)}, 3, true)
			got := judge(r.Cells, samples, []target{tt.target})
			if tt.want == (verdict{}) {
				if len(got) > 0 {
					t.Errorf("judge = %+v, want no verdict", got)
				}
				return
			}
			if len(got) != 1 || got[0] != tt.want {
				t.Fatalf("judge = %+v, want %+v", got, tt.want)
			}
			if want := tt.target.over == absolute; got[0].ofMemory() != want {
				t.Errorf("%+v is about memory: %v, want %v", got[0], !want, want)
			}
		})
	}
}

// The printed report names each target, and each scenario in which a peer is ahead.
func TestPrintTargets(t *testing.T) {
	samples := slices.Concat(
		samplesOf("a", map[string][]float64{"tcp": {10}, "ours": {9}, "ours-blocking": {12}, "gobwas": {11}}),
		samplesOf("e", map[string][]float64{"tcp": {10}, "ours": {8}, "gobwas": {7}, "gorilla": {20}}),
		samplesOf("s", map[string][]float64{"tcp": {10, 20}, "ours": {8, 16}, "gws": {7}}),
		samplesOf("r", map[string][]float64{"tcp": {10}, "ours": {9}, "gws": {5}}),
	)
	r := newReport(samples, []scenario{scenarioNamed("a"), scenarioNamed("e"), scenarioNamed("s"), scenarioNamed("r")}, 1, true)
	var b bytes.Buffer
	if err := r.printTargets(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	for _, want := range []string{
		"targets: 4 of 5 hold",
		"a ours target <= 1.00: 0.90 holds",
		"a ours-blocking target <= 1.05 ÷ ours: 1.33 does not hold",
		"a ours target below gobwas (÷ gobwas): 0.82 holds",
		"e ours target <= 0.90: 0.80 holds",
		"e: ahead of ours 0.80: gobwas 0.70",
		"s: ahead of ours 0.80: gws 0.70",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %q in\n%s", want, b.String())
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "a: ahead") || strings.HasPrefix(line, "r: ahead") {
			t.Errorf("line %q, though nobody is ahead", line)
		}
	}
}
