package hub

import (
	"math/bits"
	"sync"

	"github.com/zerowire/websocket"
)

// shard delivers to a share of the subscribers. Publish adds one item to the queue of
// each shard, independently of the number of subscribers. A goroutine that exists while
// the queue is not empty processes the items in order. Subscriptions and their ends
// change the lists of members at their place in the queue. So only this goroutine
// accesses the lists, and no lock is held while it iterates over them. It also makes
// the system calls; several shards do so in parallel.
//
// When messages arrive faster than they are delivered, up to 64 of them form a batch:
// each subscriber receives its messages with one call. A bit set in the subscriber
// marks which messages these are, so that it receives a message once even if several
// patterns match.
type shard struct {
	run func() // follow, as a value: `go` then allocates no closure

	mu      sync.Mutex
	changed sync.Cond
	queue   []item
	cost    int  // of the unfinished items
	running bool // follow runs

	// The goroutine owns the fields below.
	taken    []item // the items in work
	members  int    // of all parts
	messages []*websocket.Prepared
	due      []*subscriber
	batch    []*websocket.Prepared
}

// item is one step for a shard: a message to the members of a part, a subscriber that is
// excluded from the previous message, a member that joins or leaves a part, or a fence. A
// fence is closed when all earlier items have been delivered.
type item struct {
	message  *websocket.Prepared
	to       *part
	cost     int
	excluded *subscriber
	joins    *membership
	leaves   *membership
	fence    chan struct{}
}

const (
	batchMessages = 64      // the bits of subscriber.due
	backlogLimit  = 1 << 16 // beyond this publishers block; see cost
	keepItems     = 1 << 12 // capacity that an idle shard keeps
)

// cost returns the amount that a message of n bytes adds to a backlog: the number of its
// deliveries, and 1 for each 256 bytes of memory.
func cost(deliveries, n int) int { return deliveries + n/256 }

func newShard() *shard {
	s := &shard{
		messages: make([]*websocket.Prepared, 0, batchMessages),
		batch:    make([]*websocket.Prepared, 0, batchMessages),
	}
	s.run, s.changed.L = s.follow, &s.mu
	return s
}

// push appends a step to the queue.
func (s *shard) push(it item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushLocked(it)
}

func (s *shard) pushLocked(it item) {
	s.queue = append(s.queue, it)
	s.cost += it.cost
	if !s.running {
		s.running = true
		go s.run()
	}
}

// pushMessage appends a message to the members of groups to the queue, and excludes the
// subscribers in excluded. index is that of the shard. It reports whether the shard is
// too far behind.
func (s *shard) pushMessage(m *websocket.Prepared, groups []*group, excluded []*subscriber, index int) (behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range groups {
		if p := g.parts[index]; p != nil && p.size > 0 {
			s.pushLocked(item{message: m, to: p, cost: cost(p.size, m.Size())})
		}
	}
	for _, sub := range excluded {
		if sub.shard == index {
			s.pushLocked(item{excluded: sub})
		}
	}
	return s.cost > backlogLimit
}

// awaitRoom waits until the shard is not too far behind.
func (s *shard) awaitRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.cost > backlogLimit {
		s.changed.Wait()
	}
}

// awaitIdle waits until the queue is empty.
func (s *shard) awaitIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running {
		s.changed.Wait()
	}
}

// follow processes the queue until it is empty.
func (s *shard) follow() {
	for s.take() {
		for rest := s.taken; len(rest) > 0; {
			n := s.mark(rest)
			s.deliver()
			s.done(rest[:n])
			rest = rest[n:]
		}
	}
}

// take takes all items of the queue. It returns false if there are none; the goroutine
// then ends.
func (s *shard) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	spare := s.taken[:0]
	if cap(spare) > keepItems {
		spare = nil
	}
	if len(s.queue) == 0 {
		s.taken = spare
		s.running = false
		s.changed.Broadcast()
		return false
	}
	s.taken, s.queue = s.queue, spare
	return true
}

// done releases processed items.
func (s *shard) done(items []item) {
	total := 0
	for i := range items {
		total += items[i].cost
	}
	clear(items)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cost -= total
	s.changed.Broadcast()
}

// mark processes items until a batch of messages is full, and marks in each subscriber
// which of them it receives. It returns the number of items processed.
func (s *shard) mark(items []item) (n int) {
	var last *websocket.Prepared
	for i := range items {
		switch it := &items[i]; {
		case it.joins != nil:
			it.joins.join()
			s.members++
		case it.leaves != nil:
			it.leaves.leave()
			s.members--
		case it.fence != nil:
			if len(s.messages) > 0 {
				return i
			}
			close(it.fence)
		case it.excluded != nil:
			it.excluded.due &^= 1 << (len(s.messages) - 1)
		default:
			if it.message != last {
				if len(s.messages) == batchMessages {
					return i
				}
				last = it.message
				s.messages = append(s.messages, last)
			}
			s.markMembers(it.to, 1<<(len(s.messages)-1))
		}
	}
	return len(items)
}

func (s *shard) markMembers(p *part, bit uint64) {
	for _, m := range p.members {
		if m.due == 0 {
			s.due = append(s.due, m.subscriber)
		}
		m.due |= bit
	}
}

// deliver sends each subscriber its marked messages. A subscriber that was excluded from a
// message may be in the list twice, or without marked messages. Then there is nothing to
// send.
func (s *shard) deliver() {
	var collected uint64
	for _, sub := range s.due {
		if sub.due != collected {
			collected = sub.due
			s.collect(collected)
		}
		sub.due = 0
		sub.send(s.batch)
	}
	clear(s.due)
	clear(s.messages)
	clear(s.batch)
	s.due, s.messages, s.batch = s.due[:0], s.messages[:0], s.batch[:0]
	if cap(s.due) > max(keepItems, 4*s.members) {
		s.due = nil
	}
}

// collect sets batch to the messages whose bits are set.
func (s *shard) collect(due uint64) {
	s.batch = s.batch[:0]
	for ; due != 0; due &= due - 1 {
		s.batch = append(s.batch, s.messages[bits.TrailingZeros64(due)])
	}
}

// join adds the member to the list of its part.
func (m *membership) join() {
	m.index = len(m.part.members)
	m.part.members = append(m.part.members, m)
}

// leave removes the member from the list of its part.
func (m *membership) leave() {
	members := m.part.members
	last := members[len(members)-1]
	members[m.index], last.index = last, m.index
	members[len(members)-1] = nil
	members = members[:len(members)-1]
	if cap(members) > max(64, 4*len(members)) {
		members = append(make([]*membership, 0, 2*len(members)), members...)
	}
	m.part.members = members
}
