package load

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/zerowire/websocket"
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

// After wrong answers the messages that are left are sent, and all that can be wrong is
// counted, also if no message is in flight besides.
func TestExchangeGoesOnBehindWrongAnswers(t *testing.T) {
	const every, messages = 5, 100
	wrong := faulty(func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte) {
		if n%every == 0 {
			p = fmt.Append(nil, "not ", string(p))
		}
		return op, [][]byte{p}
	})
	for _, w := range ways[1:] { // an exchange takes over no sockets
		for _, depth := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d in flight", w.name, depth), func(t *testing.T) {
				r := bench(t, t.Context(), w, serve(t, w, wrong), func(c *Command) {
					c.Connections, c.Messages, c.Pipeline, c.Send = 1, messages, depth, []string{"message {{.N}}"}
				})
				if r.Sent != messages || r.times(wrongContent) != messages/every || r.Received != messages-messages/every || len(r.Errors) != 1 {
					t.Errorf("%d sent, %d as they should be, errors %v, want %d, %d, and %d × %v",
						r.Sent, r.Received, r.Errors, messages, messages-messages/every, messages/every, wrongContent)
				}
				if r.Seconds > 10 {
					t.Errorf("it took %.1f s, want an end when all is answered", r.Seconds)
				}
			})
		}
	}
}
