package session

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

func TestStall(t *testing.T) {
	const s = time.Second
	type check struct {
		at      time.Duration
		took    time.Duration // when the system last took a part; 0 if it has not
		held    int           // what the system holds for the peer; -1 if that is not known
		next    time.Duration // 0 for never
		expired bool
	}
	for _, test := range []struct {
		name   string
		limit  time.Duration
		checks []check
		life   time.Duration // at the end; 0 for no sign since the beginning
	}{
		{"nothing is taken, and nothing known", 8 * s, []check{
			{at: 2 * s, held: -1, next: 4 * s},
			{at: 4 * s, held: -1, next: 6 * s},
			{at: 7 * s, held: -1, next: 8 * s},
			{at: 8 * s, held: -1, expired: true},
		}, 0},
		{"the system takes a part, then nothing", 8 * s, []check{
			{at: 2 * s, took: s, held: -1, next: 4 * s},
			{at: 8 * s, took: s, held: -1, next: 9 * s},
			{at: 9 * s, took: s, held: -1, expired: true},
		}, s},
		{"the system takes a part again and again", 8 * s, []check{
			{at: 7 * s, took: 7 * s, held: -1, next: 9 * s},
			{at: 14 * s, took: 14 * s, held: -1, next: 16 * s},
			{at: 21 * s, took: 21 * s, held: -1, next: 23 * s},
			{at: 29 * s, took: 21 * s, held: -1, expired: true},
		}, 21 * s},
		{"what the system holds becomes less", 8 * s, []check{
			{at: 2 * s, held: 1000, next: 4 * s}, // the first sample counts as progress
			{at: 9 * s, held: 999, next: 11 * s},
			{at: 16 * s, held: 1, next: 18 * s},
			{at: 23 * s, held: 1, next: 24 * s},
			{at: 24 * s, held: 1, expired: true},
		}, 16 * s},
		{"what it holds stays", 8 * s, []check{
			{at: 2 * s, held: 1000, next: 4 * s},
			{at: 9 * s, held: 1000, next: 10 * s},
			{at: 10 * s, held: 1000, expired: true},
		}, 2 * s},
		{"no limit", 0, []check{{at: 24 * time.Hour, held: -1}}, 0},
		{"a limit shorter than four nanoseconds", 3, []check{
			{at: 1, held: -1, next: 2},
			{at: 3, held: -1, expired: true},
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stall Stall
			if stall.Sending() {
				t.Fatal("Sending() before Begin")
			}
			stall.Begin(start)
			for _, c := range test.checks {
				p := Progress{Held: c.held, Known: c.held >= 0}
				if c.took != 0 {
					p.Took = at(c.took)
				}
				next, expired := stall.Check(at(c.at), p, test.limit)
				want := instant.Never
				if c.next != 0 {
					want = at(c.next)
				}
				if next != want || expired != c.expired {
					t.Fatalf("Check() at %v = %v, %t; want %v, %t", c.at, next.Since(start), expired, want.Since(start), c.expired)
				}
			}
			want := instant.Never
			if test.life != 0 {
				want = at(test.life)
			}
			if got := stall.Life(); got != want {
				t.Errorf("Life() = %v, want %v", got.Since(start), test.life)
			}
			stall.End(at(48 * time.Hour))
			if stall.Sending() {
				t.Error("a send under way after End")
			}
			if got := stall.Life(); got != at(48*time.Hour) {
				t.Errorf("Life() = %v behind a send that was blocked, want its end", got.Since(start))
			}
			stall.Begin(at(50 * time.Hour))
			stall.End(at(50*time.Hour + blocked - 1))
			if got := stall.Life(); got != at(48*time.Hour) {
				t.Errorf("Life() = %v behind a send that was not blocked, want the earlier one", got.Since(start))
			}
		})
	}
}

// TestStallBeginsAnew: what was seen in one send is not held against the next.
func TestStallBeginsAnew(t *testing.T) {
	var stall Stall
	stall.Begin(start)
	stall.Check(at(time.Second), Progress{Held: 5, Known: true}, 8*time.Second)
	stall.End(at(time.Second))
	stall.Begin(at(time.Minute))
	next, expired := stall.Check(at(time.Minute+time.Second), Progress{Held: 5, Known: true, Took: at(time.Second)}, 8*time.Second)
	if expired || next != at(time.Minute+3*time.Second) {
		t.Errorf("Check() = %v, %t; want a minute and three seconds", next.Since(start), expired)
	}
}

// TestStallUntimed: a send whose beginning is not known counts from its first Check, and
// tells nothing of the peer if it ends before.
func TestStallUntimed(t *testing.T) {
	const s = time.Second
	var stall Stall
	stall.BeginUntimed()
	if stall.Timed() || !stall.Sending() {
		t.Errorf("Timed() = %t, Sending() = %t", stall.Timed(), stall.Sending())
	}
	stall.End(at(time.Hour))
	if got := stall.Life(); got != instant.Never {
		t.Errorf("Life() = %v behind it", got.Since(start))
	}
	stall.BeginUntimed()
	if next, expired := stall.Check(start, Progress{}, 8*s); next != at(2*s) || expired || !stall.Timed() {
		t.Errorf("the first Check() = %v, %t, Timed() = %t", next.Since(start), expired, stall.Timed())
	}
	if _, expired := stall.Check(at(8*s), Progress{}, 8*s); !expired {
		t.Error("it has not expired")
	}
}
