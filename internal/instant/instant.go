// Package instant is the clock of connections: a point in time that takes a third of
// the room of a time.Time, and whose comparison is that of two numbers.
package instant

import (
	"math"
	"time"
)

// Instant is a point in time on the monotonic clock, in nanoseconds.
type Instant int64

// Never is the limit of what may take for ever. Past is a limit that has expired. Latest is
// the last instant, nearly two centuries ahead.
const (
	Never  Instant = 0
	Past   Instant = 1
	Latest Instant = math.MaxInt64
)

// epoch is the zero of all instants: a century before the program began, and so
// before the year 2000, where the clock of a testing/synctest bubble begins.
var epoch = time.Now().Add(-100 * 365 * 24 * time.Hour)

// Now reads the clock.
func Now() Instant { return Instant(time.Since(epoch)) }

// Of returns a time of the system's clock as an Instant.
func Of(t time.Time) Instant { return Now().add(time.Until(t)) }

// After returns the instant at which a limit of d that begins at t expires; Never, if
// d is zero.
func (t Instant) After(d time.Duration) Instant {
	if d == 0 {
		return Never
	}
	return t.add(d)
}

// add returns the instant d after t, and Latest if that is too far ahead.
func (t Instant) add(d time.Duration) Instant {
	if d > 0 && t > Latest-Instant(d) {
		return Latest
	}
	return t + Instant(d)
}

// Since returns how long before t the instant u was.
func (t Instant) Since(u Instant) time.Duration { return time.Duration(t - u) }

// Reached reports whether the limit u has expired at t.
func (t Instant) Reached(u Instant) bool { return u != Never && t >= u }

// Earlier returns the earlier of two limits.
func Earlier(a, b Instant) Instant {
	if a == Never || b != Never && b < a {
		return b
	}
	return a
}

// Time returns t as deadlines of a net.Conn are given; the zero time for Never.
func (t Instant) Time() time.Time {
	if t == Never {
		return time.Time{}
	}
	return epoch.Add(time.Duration(t))
}
