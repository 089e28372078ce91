package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// burst is how many seconds' worth of control frames may arrive at once.
const burst = 10

// Budget bounds the control frames that a peer sends: a bucket that is refilled
// steadily. It is charged by when frames were received, so that it has to hold what may
// have gathered while the process did not read.
type Budget struct {
	full instant.Instant // when the bucket will be full again
}

// Spend takes a control frame out of a bucket that is refilled with rate frames a
// second and holds ten times as many. It reports whether there was one.
func (b *Budget) Spend(now instant.Instant, rate int) bool {
	b.full = max(b.full, now) + instant.Instant(time.Second)/instant.Instant(rate)
	return b.full.Since(now) <= burst*time.Second
}
