package main

import (
	"slices"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		length, down time.Duration
		shutdowns    int
	}{
		{time.Second, 2 * time.Second, 1},
		{10 * time.Second, 3 * time.Second, 1},
		{2 * time.Minute, 3 * time.Second, 7},
		{time.Hour, 5 * time.Second, 181},
	} {
		plan := newPlan(1, tt.length, tt.down, faults)
		if !slices.IsSortedFunc(plan, func(a, b event) int { return int(a.at - b.at) }) {
			t.Errorf("the plan for %v is not in order", tt.length)
		}
		if last := plan[len(plan)-1].at; last > tt.length {
			t.Errorf("the plan for %v goes on until %v", tt.length, last)
		}
		counts, shutdowns := map[*fault]int{}, 0
		check := func() {
			for i := range faults {
				if n := counts[&faults[i]]; n == 0 || n != counts[&faults[0]] {
					t.Errorf("in the plan for %v, %q comes %d times after shutdown %d, and %q %d times", tt.length, faults[i].name, n, shutdowns, faults[0].name, counts[&faults[0]])
				}
			}
		}
		for _, e := range plan {
			if e.fault != nil {
				counts[e.fault]++
				continue
			}
			check()
			clear(counts)
			shutdowns++
		}
		check()
		if shutdowns != tt.shutdowns {
			t.Errorf("the plan for %v has %d shutdowns, want %d", tt.length, shutdowns, tt.shutdowns)
		}
	}
}

func TestPlanIsRepeatable(t *testing.T) {
	plan := func(seed uint64) []event { return newPlan(seed, time.Minute, time.Second, faults) }
	if !slices.Equal(plan(1), plan(1)) {
		t.Error("the same seed makes two plans")
	}
	if slices.Equal(plan(1), plan(2)) {
		t.Error("two seeds make the same plan")
	}
}

// TestNamesAreUnique: the tally knows faults by their names.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{shutdownName: true}
	for _, f := range faults {
		if seen[f.name] {
			t.Errorf("there are two faults %q", f.name)
		}
		seen[f.name] = true
	}
}
