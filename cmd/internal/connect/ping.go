package connect

import (
	"context"
	"time"
)

// pings sends a Ping in every interval, and prints the round-trip times. A peer that
// does not answer is reported once, until it answers again.
func (s *session) pings(ctx context.Context, interval time.Duration) {
	next := time.NewTicker(interval)
	defer next.Stop()
	for silent := false; ; {
		answered, open := s.ping(ctx, interval, silent)
		if ctx.Err() != nil || !open && s.client == nil {
			return
		}
		silent = !answered
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// ping sends a Ping, and waits for its Pong for at most limit. A missing Pong is not
// reported if quiet. open is false if there is no connection any more.
func (s *session) ping(ctx context.Context, limit time.Duration, quiet bool) (answered, open bool) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn := s.current.Load()
	if conn == nil {
		return true, true // there is one again later
	}
	rtt, err := conn.Ping(limited)
	switch {
	case err == nil:
		s.out.notice("Pong after %v", rtt.Round(time.Microsecond))
	case ctx.Err() != nil || limited.Err() == nil:
		return false, false
	case !quiet:
		s.out.complaint("no Pong within %v", limit)
	}
	return err == nil, true
}
