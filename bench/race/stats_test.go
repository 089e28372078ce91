package main

import "testing"

func TestQuartiles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		want   quartiles
	}{
		{"none", nil, quartiles{}},
		{"one", []float64{3}, quartiles{3, 3, 3}},
		{"two", []float64{4, 2}, quartiles{2.5, 3, 3.5}},
		{"odd, unsorted", []float64{5, 1, 4, 2, 3}, quartiles{2, 3, 4}},
		{"even", []float64{1, 2, 3, 10}, quartiles{1.75, 2.5, 4.75}},
		{"an outlier", []float64{1, 1, 1, 1, 1000}, quartiles{1, 1, 1}},
	} {
		if got := quartilesOf(tt.values); got != tt.want {
			t.Errorf("%s: quartilesOf(%v) = %v, want %v", tt.name, tt.values, got, tt.want)
		}
	}
}

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
