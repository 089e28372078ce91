package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// samplings is how often Check looks for progress within the limit.
const samplings = 4

// Stall detects a peer that takes no bytes of a send. The limit begins anew with every
// byte that the peer takes.
type Stall struct {
	began   instant.Instant // when the send under way began; Never if there is none
	life    instant.Instant // when the peer last took bytes of it
	fresh   bool            // it began after the last Check, at an unknown instant
	before  instant.Instant // when the peer last took bytes of an earlier send; Never if it has not
	sampled bool
	sample  int // the last Progress.Held
}

// blocked is the duration from which on a send counts as one that had to wait for the
// peer. The end of such a send shows that the peer took bytes.
const blocked = 10 * time.Millisecond

// Progress is what the transport reports about a send.
type Progress struct {
	Took  instant.Instant // when the system last took bytes of the send; Never if it has not
	Held  int             // a number that changes when the peer takes bytes
	Known bool            // Held is known
}

// Begin records that a send begins at the time now.
func (s *Stall) Begin(now instant.Instant) { *s = Stall{began: now, life: now, before: s.before} }

// BeginUntimed is Begin without a time. The next Check uses its own time as the
// beginning.
func (s *Stall) BeginUntimed() { *s = Stall{began: instant.Past, fresh: true, before: s.before} }

// Timed reports whether a send is under way whose beginning is known.
func (s *Stall) Timed() bool { return s.Sending() && !s.fresh }

// End ends the send. now is used only if the send is Timed. If the send had blocked, the
// peer took bytes.
func (s *Stall) End(now instant.Instant) {
	if s.Timed() && now.Since(s.began) >= blocked {
		s.before = now
	}
	s.began = instant.Never
}

// Sending reports whether a send is under way.
func (s *Stall) Sending() bool { return s.began != instant.Never }

// Life returns when the peer last took bytes. It returns Never if that is not known,
// because no send has blocked.
func (s *Stall) Life() instant.Instant {
	if s.Sending() && s.life > s.began {
		return s.life
	}
	return s.before
}

// Check returns when to call it next. expired reports that the peer took nothing for
// limit; 0 means no limit.
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

// Sampling returns the interval at which Check is called during a send.
func Sampling(limit time.Duration) time.Duration { return max(limit/samplings, 1) }
