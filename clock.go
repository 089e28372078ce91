package websocket

import "time"

// instant is a point in time on the monotonic clock, in nanoseconds since the
// epoch. Zero means never. It takes a third of the room of a time.Time.
type instant int64

// never is the deadline of what may take for ever.
const never instant = 0

// epoch is where instants count from: a century before the program began, which
// is before the year 2000, where the clock of a testing/synctest bubble begins.
var epoch = time.Now().Add(-100 * 365 * 24 * time.Hour)

// now is the one place where connections read the clock.
func now() instant { return instant(time.Since(epoch)) }

// after returns the instant at which a limit of d that begins at t is over;
// never, if d is zero.
func (t instant) after(d time.Duration) instant {
	if d == 0 {
		return never
	}
	return t + instant(d)
}

// since returns how long before t the instant u was.
func (t instant) since(u instant) time.Duration { return time.Duration(t - u) }

// over reports whether the limit u is over at t.
func (t instant) over(u instant) bool { return u != never && t >= u }

// earlier returns the earlier of two limits.
func earlier(a, b instant) instant {
	if a == never || b != never && b < a {
		return b
	}
	return a
}

// deadline returns t as a net.Conn wants it.
func (t instant) deadline() time.Time {
	if t == never {
		return time.Time{}
	}
	return epoch.Add(time.Duration(t))
}

// instantOf returns a time of the system's clock as an instant.
func instantOf(t time.Time) instant { return now() + instant(time.Until(t)) }
