package session

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// start is when the tables of time begin: instants are positive.
const start = instant.Instant(time.Hour)

func at(d time.Duration) instant.Instant { return start + instant.Instant(d) }

func TestBudget(t *testing.T) {
	const rate = 100
	type arrival struct {
		at    time.Duration // of the first
		count int
		every time.Duration // between them; 0 for all at once
	}
	for _, test := range []struct {
		name     string
		arrivals []arrival
		granted  int // before the first refusal
	}{
		{"126 Pings at once", []arrival{{0, 126, 0}}, 126},
		{"1,000 Pings at once", []arrival{{0, 1000, 0}}, 1000},
		{"one more than the burst", []arrival{{0, 1001, 0}}, 1000},
		{"the rate itself, for an hour", []arrival{{0, 3600 * rate, time.Second / rate}}, 3600 * rate},
		{"a flood of 101 a second", []arrival{{0, 1_000_000, time.Second / 101}}, 100_900},
		{"a flood of 1,000 a second", []arrival{{0, 1_000_000, time.Second / 1000}}, 1110},
		{"a burst after a quiet hour is no larger", []arrival{{0, 1, 0}, {time.Hour, 1001, 0}}, 1001},
		{"a burst once the bucket is full again", []arrival{{0, 1000, 0}, {10 * time.Second, 1000, 0}}, 2000},
		{"a burst when it is half full", []arrival{{0, 1000, 0}, {5 * time.Second, 501, 0}}, 1500},
		{"a Ping a second, read after two minutes at once", []arrival{{0, 10, time.Second}, {2 * time.Minute, 120, 0}, {121 * time.Second, 10, time.Second}}, 140},
		{"eight Pings a second, read after two minutes at once", []arrival{{2 * time.Minute, 960, 0}}, 960},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b Budget
			granted := 0
			for _, a := range test.arrivals {
				for i := range a.count {
					if !b.Spend(at(a.at+time.Duration(i)*a.every), rate) {
						if d := granted - test.granted; d < -20 || d > 20 || a.every == 0 && d != 0 {
							t.Fatalf("refused after %d, want %d", granted, test.granted)
						}
						return
					}
					granted++
				}
			}
			if granted != test.granted {
				t.Fatalf("granted all %d, want a refusal after %d", granted, test.granted)
			}
		})
	}
}

// TestBudgetOfOtherRates: the burst is ten seconds' worth of any rate.
func TestBudgetOfOtherRates(t *testing.T) {
	for _, rate := range []int{1, 3, 7, 1000, 1_000_000} {
		var b Budget
		granted := 0
		for b.Spend(start, rate) {
			granted++
		}
		if granted != 10*rate {
			t.Errorf("rate %d: %d at once, want %d", rate, granted, 10*rate)
		}
	}
}
