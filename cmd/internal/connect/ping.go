package connect

import (
	"context"
	"time"
)

// pings sends a Ping in every interval, and prints what came of it.
func (s *session) pings(ctx context.Context, interval time.Duration) {
	next := time.NewTicker(interval)
	defer next.Stop()
	for s.ping(ctx, interval) {
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// ping sends a Ping, and waits for its Pong for at most limit. It returns false if
// there is no connection any more.
func (s *session) ping(ctx context.Context, limit time.Duration) bool {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	rtt, err := s.conn.Ping(limited)
	switch {
	case err == nil:
		s.out.notice("Pong after %v", rtt.Round(time.Microsecond))
	case ctx.Err() == nil && limited.Err() != nil:
		s.out.complaint("no Pong within %v", limit)
	default:
		return false
	}
	return true
}
