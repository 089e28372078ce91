package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// burst is the number of seconds whose control frames may arrive at once.
const burst = 10

// Budget limits the control frames of a peer, as a token bucket. It charges frames at the
// time when they are received. So its burst has to allow for frames that arrived while the
// process did not read.
type Budget struct {
	full instant.Instant // when the bucket will be full again
}

// Spend takes a token for a control frame. The bucket is refilled with rate tokens a
// second, and holds ten times as many. Spend returns false if the bucket was empty.
func (b *Budget) Spend(now instant.Instant, rate int) bool {
	b.full = max(b.full, now) + instant.Instant(time.Second)/instant.Instant(rate)
	return b.full.Since(now) <= burst*time.Second
}
