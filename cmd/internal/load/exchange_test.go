package load

import (
	"math"
	"testing"
	"time"
)

func TestRamp(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ramp  ramp
		rate  float64
		n     float64
		due   float64 // seconds
		opens [4]time.Duration
	}{
		{"none", ramp{}, 100, 50, 0.5, [4]time.Duration{}},
		{"even, during it", ramp{over: 4 * time.Second}, 100, 50, 2, [4]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		{"even, at its end", ramp{over: 4 * time.Second}, 100, 200, 4, [4]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		{"even, after it", ramp{over: 4 * time.Second}, 100, 300, 5, [4]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		{"first step", ramp{4 * time.Second, 2}, 100, 50, 1, [4]time.Duration{0, 0, 2 * time.Second, 2 * time.Second}},
		{"second step", ramp{4 * time.Second, 2}, 100, 200, 3, [4]time.Duration{0, 0, 2 * time.Second, 2 * time.Second}},
		{"after the steps", ramp{4 * time.Second, 2}, 100, 400, 5, [4]time.Duration{0, 0, 2 * time.Second, 2 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ramp.due(tt.n, tt.rate); math.Abs(got-tt.due) > 1e-9 {
				t.Errorf("message %g is due at %g s, want %g", tt.n, got, tt.due)
			}
			for i, want := range tt.opens {
				if got := tt.ramp.opens(i, len(tt.opens)); got != want {
					t.Errorf("connection %d opens at %s, want %s", i, got, want)
				}
			}
			last := 0.0
			for n := range 1000 {
				due := tt.ramp.due(float64(n), tt.rate)
				if due < last {
					t.Fatalf("message %d is due at %g s, before the one before it at %g", n, due, last)
				}
				last = due
			}
		})
	}
}
