package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// samplings is how often progress is looked for within the limit, where only the
// system can tell of it.
const samplings = 4

// Stall finds a peer that takes nothing of what is being sent. The limit runs anew with
// every byte that it takes.
type Stall struct {
	began   instant.Instant // when the send under way began; Never if there is none
	life    instant.Instant // when the peer last took something of it
	fresh   bool            // it began since the last Check, at an instant that is not known
	before  instant.Instant // when it last took something of an earlier one; Never if it has not
	sampled bool
	sample  int // the last Progress.Held
}

// blocked is how long a send takes at least that had to wait for the peer: its end is a
// sign that the peer took something.
const blocked = 10 * time.Millisecond

// Progress is what the transport can tell about a send.
type Progress struct {
	Took  instant.Instant // when the system last took bytes of it; Never if it has not
	Held  int             // bytes that the system holds for the peer
	Known bool            // Held is known
}

// Begin begins a send.
func (s *Stall) Begin(now instant.Instant) { *s = Stall{began: now, life: now, before: s.before} }

// BeginUntimed is Begin without reading the clock: the next Check takes its own instant
// for the beginning.
func (s *Stall) BeginUntimed() { *s = Stall{began: instant.Past, fresh: true, before: s.before} }

// Timed reports whether it is known when the send under way began.
func (s *Stall) Timed() bool { return s.Sending() && !s.fresh }

// End ends it. now counts only if the send is Timed: one that was blocked tells that the
// peer took something.
func (s *Stall) End(now instant.Instant) {
	if s.Timed() && now.Since(s.began) >= blocked {
		s.before = now
	}
	s.began = instant.Never
}

// Sending reports whether a send is under way.
func (s *Stall) Sending() bool { return s.began != instant.Never }

// Life returns when the peer last took something of what was sent, Never if that is not
// known: a send that was not blocked tells nothing.
func (s *Stall) Life() instant.Instant {
	if s.Sending() && s.life > s.began {
		return s.life
	}
	return s.before
}

// Check returns when to call it next, or whether the limit has expired: the peer took
// nothing for so long.
func (s *Stall) Check(now instant.Instant, p Progress, limit time.Duration) (next instant.Instant, expired bool) {
	if s.fresh {
		s.began, s.life, s.fresh = now, now, false
	}
	s.life = max(s.life, p.Took)
	if p.Known {
		if !s.sampled || p.Held != s.sample {
			s.life = now
		}
		s.sampled, s.sample = true, p.Held
	}
	switch {
	case limit == 0:
		return instant.Never, false
	case now.Since(s.life) >= limit:
		return instant.Never, true
	}
	return instant.Earlier(s.life.After(limit), now.After(Sampling(limit))), false
}

// Sampling returns how long after the beginning of a send, and then after each Check, to
// look for progress.
func Sampling(limit time.Duration) time.Duration { return max(limit/samplings, 1) }
