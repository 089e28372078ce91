package main

import "testing"

func TestRelate(t *testing.T) {
	turn := []sample{{Peer: "tcp", Value: 4}, {Peer: "ours", Value: 3}, {Peer: "gws", Err: "hangs"}, {Peer: "tcp", Value: 8}}
	relate(turn)
	for i, want := range []float64{4.0 / 6, 0.5, 0, 8.0 / 6} {
		if turn[i].Ratio != want {
			t.Errorf("ratio of %s is %v, want %v", turn[i].Peer, turn[i].Ratio, want)
		}
	}
	alone := []sample{{Peer: "ours", Value: 3}, {Peer: "tcp", Err: "hangs"}}
	if relate(alone); alone[0].Ratio != 0 {
		t.Errorf("ratio without a baseline is %v, want none", alone[0].Ratio)
	}
}
