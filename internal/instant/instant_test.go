package instant

import (
	"math"
	"testing"
	"time"
)

// TestFarInstants: a limit too far ahead for an Instant is the latest one, and has not
// expired.
func TestFarInstants(t *testing.T) {
	now := Now()
	for name, far := range map[string]Instant{
		"After the longest duration": now.After(math.MaxInt64),
		"Of a time in a millennium":  Of(time.Now().AddDate(1000, 0, 0)),
		"Of a time in 250 years":     Of(time.Now().AddDate(250, 0, 0)),
	} {
		if far != Latest || now.Reached(far) || Earlier(far, now) != now {
			t.Errorf("%s: %d, reached: %t", name, far, now.Reached(far))
		}
		if !far.Time().After(time.Now().AddDate(150, 0, 0)) {
			t.Errorf("%s: its Time is %v", name, far.Time())
		}
	}
	if got := now.After(time.Second).Since(now); got != time.Second {
		t.Errorf("a second later is %v later", got)
	}
	if past := Of(time.Now().Add(-time.Hour)); !now.Reached(past) {
		t.Error("an hour ago is not reached")
	}
}
