package hub

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/zerowire/websocket"
)

// subscriber is a connection, for as long as it is open.
type subscriber struct {
	hub         *Hub
	conn        *websocket.Conn
	shard       int
	memberships map[string]*membership // by pattern; guarded by Hub.mu
	due         uint64                 // which of a batch it gets; the shard's

	mu      sync.Mutex
	behind  bool                  // catchUp serves it, from waiting
	waiting []*websocket.Prepared // in their order
	bytes   int                   // of those, and of what catchUp has taken
	closing bool                  // it was too slow, and gets nothing more
	caught  chan struct{}         // closed when it is not behind any more; nil if nobody waits for that
}

// overhead is what a waiting message counts beside its payload, in bytes.
const overhead = 64

func weight(m *websocket.Prepared) int { return m.Size() + overhead }

// newSubscriber makes a subscriber of c. Shards take turns.
func (h *Hub) newSubscriber(c *websocket.Conn) *subscriber {
	h.next = (h.next + 1) % len(h.shards)
	return &subscriber{hub: h, conn: c, shard: h.next, memberships: make(map[string]*membership)}
}

// send writes ms, or has what the connection does not take wait. It never waits
// itself, and is called by one goroutine at a time. ms is not retained.
func (s *subscriber) send(ms []*websocket.Prepared) {
	if s.postpone(ms, false) {
		return
	}
	n, err := s.conn.TryWritePrepared(ms...)
	if err != nil { // one that is lost unsubscribes itself
		s.report(len(ms) - n)
		return
	}
	if n == len(ms) {
		return
	}
	s.postpone(ms[n:], true)
	go s.catchUp()
}

// postpone has ms wait if others do, or if this is the beginning of it. It reports
// whether it is so.
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

// admit puts m behind what waits. It returns how many messages had to be dropped.
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

// clear drops all that waits, and returns how many those are.
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
		s.hub.options.Dropped(s.conn, dropped)
	}
}

// catchUp writes what waits whenever the connection has taken what it was given
// before, until nothing waits or it has ended. Only it waits for the connection.
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
			case errors.Is(err, websocket.ErrOverflow): // by the connection's own rule, which may have cut it
				s.report(1)
				n, err = 1, nil
			}
		}
		s.settle(ms, n, err)
		clear(ms)
	}
}

// next takes the first messages that wait, and appends them to dst. If there are
// none, the subscriber is not behind any more.
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

// settle counts the first n of ms, which next has taken, as sent, and puts the
// others back. If err says that the connection is lost, they are dropped.
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
