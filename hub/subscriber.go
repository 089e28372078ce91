package hub

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/zerowire/websocket"
)

// subscriber is an open connection that has subscribed.
type subscriber struct {
	hub         *Hub
	conn        *websocket.Conn
	shard       int
	memberships map[string]*membership // by pattern; guarded by Hub.mu
	due         uint64                 // messages of the batch that it receives, as bits; owned by the shard's goroutine

	mu      sync.Mutex
	behind  bool                  // catchUp runs and sends the messages in waiting
	waiting []*websocket.Prepared // in order
	bytes   int                   // size of waiting, and of the messages that catchUp has taken
	closing bool                  // it was too slow, and receives no more messages
	caught  chan struct{}         // closed when it is no longer behind; nil if no Flush waits
}

// overhead is added to the size of each waiting message, in bytes.
const overhead = 64

func weight(m *websocket.Prepared) int { return m.Size() + overhead }

// newSubscriber returns a subscriber for c. It assigns the shards round-robin.
func (h *Hub) newSubscriber(c *websocket.Conn) *subscriber {
	h.next = (h.next + 1) % len(h.shards)
	return &subscriber{hub: h, conn: c, shard: h.next, memberships: make(map[string]*membership)}
}

// send writes ms, and queues the messages for which the connection has no room. It does not
// block. It must not be called concurrently. ms is not retained.
func (s *subscriber) send(ms []*websocket.Prepared) {
	if s.postpone(ms, false) {
		return
	}
	n, err := s.conn.TryWritePrepared(ms...)
	if err != nil { // the end of the connection removes its subscriptions
		s.report(len(ms) - n)
		return
	}
	if n == len(ms) {
		return
	}
	s.postpone(ms[n:], true)
	go s.catchUp()
}

// postpone queues ms if the subscriber is behind, and reports whether it is. If begin is set,
// the subscriber is behind from now on.
func (s *subscriber) postpone(ms []*websocket.Prepared, begin bool) bool {
	s.mu.Lock()
	s.behind = s.behind || begin
	if !s.behind {
		s.mu.Unlock()
		return false
	}
	dropped := 0
	for _, m := range ms {
		dropped += s.admit(m)
	}
	s.mu.Unlock()
	s.report(dropped)
	return true
}

// admit appends m to the waiting messages. It returns the number of dropped messages.
func (s *subscriber) admit(m *websocket.Prepared) (dropped int) {
	if s.closing {
		return 1
	}
	full := func() bool { return s.bytes > 0 && s.bytes+weight(m) > s.hub.options.MaxPending }
	if full() {
		switch s.hub.options.Overflow {
		case DropNewest:
			return 1
		case Disconnect:
			s.closing = true
			go s.conn.Close(websocket.StatusTryAgainLater, "too slow")
			return s.clear() + 1
		}
	}
	for full() && len(s.waiting) > 0 {
		s.bytes -= weight(s.waiting[0])
		s.waiting = s.waiting[1:]
		dropped++
	}
	s.waiting = append(s.waiting, m)
	s.bytes += weight(m)
	return dropped
}

// clear drops all waiting messages, and returns their number.
func (s *subscriber) clear() (dropped int) {
	dropped = len(s.waiting)
	for _, m := range s.waiting {
		s.bytes -= weight(m)
	}
	s.waiting = nil
	return dropped
}

func (s *subscriber) report(dropped int) {
	if dropped > 0 && s.hub.options.Dropped != nil {
		defer s.hub.logPanic("Dropped")
		s.hub.options.Dropped(s.conn, dropped)
	}
}

// catchUp writes waiting messages whenever the connection has sent the earlier ones,
// until none waits or the connection has ended. It is the only function that waits for
// the connection.
func (s *subscriber) catchUp() {
	var room [batchMessages]*websocket.Prepared
	ctx := context.Background()
	for {
		err := s.conn.Flush(ctx)
		ms := s.next(room[:0])
		if len(ms) == 0 {
			return
		}
		n := 0
		if err == nil {
			n, err = s.conn.TryWritePrepared(ms...)
		}
		if err == nil && n == 0 { // a Writer is open
			switch err = s.conn.WritePrepared(ctx, ms[0]); {
			case err == nil:
				n = 1
			case errors.Is(err, websocket.ErrOverflow): // by Options.Overflow of the connection, which may have closed it
				s.report(1)
				n, err = 1, nil
			}
		}
		s.settle(ms, n, err)
		clear(ms)
	}
}

// next removes the first waiting messages and appends them to dst. If there are none, the
// subscriber is no longer behind.
func (s *subscriber) next(dst []*websocket.Prepared) []*websocket.Prepared {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), cap(dst))
	dst = append(dst, s.waiting[:n]...)
	s.waiting = s.waiting[n:]
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
	if s.behind = n > 0; !s.behind && s.caught != nil {
		close(s.caught)
		s.caught = nil
	}
	return dst
}

// settle counts the first n of ms, which next has returned, as sent. It puts the others back,
// or drops them if err is not nil: then the connection has ended.
func (s *subscriber) settle(ms []*websocket.Prepared, n int, err error) {
	dropped := 0
	s.mu.Lock()
	for _, m := range ms[:n] {
		s.bytes -= weight(m)
	}
	switch {
	case s.closing || err != nil:
		for _, m := range ms[n:] {
			s.bytes -= weight(m)
		}
		dropped = len(ms) - n
	case n < len(ms):
		s.waiting = slices.Concat(ms[n:], s.waiting)
	}
	s.mu.Unlock()
	s.report(dropped)
}
