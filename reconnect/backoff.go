package reconnect

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// maxRetryAfter limits the delay that a server can request with Retry-After.
const maxRetryAfter = time.Hour

// The delay after close code 1012, as its registration requires.
const (
	minRestartDelay = 5 * time.Second
	maxRestartDelay = 30 * time.Second
)

// backoff computes the delays between attempts.
type backoff struct {
	base, most time.Duration
	failures   int // in a row
}

func (c *Client) newBackoff() backoff {
	most := cmp.Or(max(c.MaxDelay, 0), defaultMaxDelay)
	return backoff{base: min(most, cmp.Or(max(c.BaseDelay, 0), defaultBaseDelay)), most: most}
}

// ceiling returns the maximum delay after the failures so far.
func (b *backoff) ceiling() time.Duration {
	d := b.base
	for range b.failures {
		if d >= b.most/2 {
			return b.most
		}
		d *= 2
	}
	return d
}

// next counts a failure with err and returns the delay before the next attempt. lasted is the
// duration of the connection.
func (b *backoff) next(err error, lasted time.Duration) time.Duration {
	if lasted > b.ceiling() {
		b.failures = 0
	}
	least, spread := b.asked(err)
	b.failures++
	return least + rand.N(spread+1)
}

// asked returns the minimum delay that a server requests with err, and the length of the
// random part that is added to it.
func (b *backoff) asked(err error) (least, spread time.Duration) {
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return retryAfter(refused.Header), b.ceiling()
	}
	closed, _ := errors.AsType[*websocket.CloseError](err)
	switch {
	case closed == nil || closed.Err != nil: // the server sent no Close frame
	case closed.Code == codec.StatusServiceRestart:
		least = min(b.most, minRestartDelay)
		return least, min(b.most, maxRestartDelay) - least
	case closed.Code == websocket.StatusTryAgainLater:
		return b.most / 2, b.most / 2
	}
	return 0, b.ceiling()
}

// retryAfter returns the delay in a Retry-After field: a number of seconds or a date (RFC
// 9110 §10.2.3). It returns 0 if there is no valid field. A date is compared with the
// response's Date, if there is one, because the clocks of server and client can differ.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
