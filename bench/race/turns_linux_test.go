package main

import "testing"

// A turn in which the machine was slow does not count more than the others.
func TestRatioByTurn(t *testing.T) {
	costs, first, last := []float64{6, 600, 9}, []float64{4, 40, 5}, []float64{4, 40, 7}
	if got := ratioByTurn(costs, first, last); got != 1.5 {
		t.Errorf("ratioByTurn is %v, want 1.5", got)
	}
}
