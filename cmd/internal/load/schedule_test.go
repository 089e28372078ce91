package load

import (
	"math"
	"testing"
	"time"
)

const second = int64(time.Second)

func TestScheduleDue(t *testing.T) {
	s := schedule{rate: 1000, connections: 4, end: second}
	for _, tt := range []struct {
		name       string
		connection int
		message    int64
		want       time.Duration
	}{
		{"first of all", 0, 0, 0},
		{"first of the second connection", 1, 0, time.Millisecond},
		{"second of the first connection", 0, 1, 4 * time.Millisecond},
		{"late", 3, 249, 999 * time.Millisecond},
	} {
		if got := time.Duration(s.due(tt.connection, tt.message)); got != tt.want {
			t.Errorf("%s: due(%d, %d) = %v, want %v", tt.name, tt.connection, tt.message, got, tt.want)
		}
	}
	if got := (&schedule{rate: 3000, connections: 1}).due(0, 1); got != 200_000 {
		t.Errorf("due after 333 µs is %d ns, want 200 µs: the quantum that it is in", got)
	}
}

// dueBy counts what due dates: at any moment, whatever the rate.
func TestScheduleDueBy(t *testing.T) {
	for _, rate := range []float64{.5, 7, 999.9, 1e4, 3e5, 1e7} {
		for _, connections := range []int{1, 3, 64} {
			s := schedule{rate: rate, connections: connections, end: 3 * second}
			for i := range connections {
				for _, now := range []int64{0, 1, 199_999, 200_000, 12_345_678, second, 3*second - 1, 4 * second} {
					n := s.dueBy(i, now)
					at := min(now, 3*second-1)
					if n > 0 && s.due(i, n-1) > at || s.due(i, n) <= at {
						t.Fatalf("rate %g, %d connections: dueBy(%d, %d) = %d, but these are due at %d and %d",
							rate, connections, i, now, n, s.due(i, n-1), s.due(i, n))
					}
				}
			}
		}
	}
	total := int64(0)
	s := schedule{rate: 12345, connections: 7, end: 2 * second}
	for i := range 7 {
		total += s.dueBy(i, math.MaxInt64)
	}
	if total != 2*12345 {
		t.Errorf("in 2 s at 12345/s %d messages are due", total)
	}
}

func TestScheduleAllow(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    schedule
		sent int64
		room int
		now  int64
		want int
	}{
		{"closed: as much as there is room", schedule{connections: 1}, 100, 7, 0, 7},
		{"closed: none after the end", schedule{connections: 1, end: second}, 100, 7, second, 0},
		{"closed: none beyond the budget", schedule{connections: 1, budget: newBudget(3)}, 0, 7, 0, 3},
		{"open: what is due", schedule{rate: 10, connections: 1, end: second}, 0, 7, second / 2, 6},
		{"open: what is due and not sent", schedule{rate: 10, connections: 1, end: second}, 4, 7, second / 2, 2},
		{"open: no more than there is room", schedule{rate: 10, connections: 1, end: second}, 0, 2, second / 2, 2},
		{"open: late, but due before the end", schedule{rate: 10, connections: 1, end: second}, 4, 7, 3 * second, 6},
		{"open: none ahead of time", schedule{rate: 10, connections: 1, end: second}, 6, 7, second / 2, 0},
	} {
		if got := tt.s.allow(0, tt.sent, tt.room, tt.now); got != tt.want {
			t.Errorf("%s: allow(0, %d, %d, %d) = %d, want %d", tt.name, tt.sent, tt.room, tt.now, got, tt.want)
		}
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(10)
	for _, tt := range []struct{ n, want int }{{4, 4}, {0, 0}, {-1, 0}, {4, 4}, {4, 2}, {4, 0}, {1, 0}} {
		if got := b.take(tt.n); got != tt.want {
			t.Errorf("take(%d) = %d, want %d", tt.n, got, tt.want)
		}
	}
	if !b.empty() || newBudget(1).empty() {
		t.Errorf("empty() of one used up and of one of 1: %v, %v", b.empty(), newBudget(1).empty())
	}
	if none := (*budget)(nil); none.take(5) != 5 || none.empty() {
		t.Errorf("without a budget take(5) = %d, empty() = %v", none.take(5), none.empty())
	}
}
