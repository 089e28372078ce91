package hub

import (
	"context"

	"github.com/zerowire/websocket"
)

// Flush blocks until every message that was published on this node before has been
// written to c or was dropped. Options.Dropped reports dropped messages. If ctx ends
// first, Flush returns ctx.Err(). For a connection that has not subscribed it returns
// nil immediately. Options.Dropped must not call it.
//
// [websocket.Conn.Close] and [websocket.Server.Shutdown] flush a subscriber before they
// send the Close frame, within the CloseTimeout of [websocket.Options].
func (h *Hub) Flush(ctx context.Context, c *websocket.Conn) error {
	h.mu.RLock()
	s := h.subscribers[c]
	h.mu.RUnlock()
	if s == nil {
		return nil
	}
	fence := make(chan struct{})
	h.shards[s.shard].push(item{fence: fence})
	select {
	case <-fence:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.caughtUp():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// caughtUp returns a channel that is closed when no message waits for the subscriber. A
// subscriber that is being closed because it was too slow receives no more messages.
func (s *subscriber) caughtUp() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.behind || s.closing {
		done := make(chan struct{})
		close(done)
		return done
	}
	if s.caught == nil {
		s.caught = make(chan struct{})
	}
	return s.caught
}
