package hub

import (
	"math/bits"
	"sync"

	"github.com/zerowire/websocket"
)

// shard delivers to some of the subscribers. Whoever publishes puts one item into
// the queue of each shard, however many its subscribers are; a goroutine that
// lives for as long as there is something in the queue follows it, in order:
// subscriptions and their ends change the lists of members at their place in the
// queue, so that nothing else may touch those, and nothing is locked while they
// are walked. The system calls are made there, several shards at a time.
//
// When messages come faster than they are delivered, up to 64 of them are taken at
// a time: each subscriber gets those that are its own with one call. Which ones
// is a bit set in the subscriber, so that it gets a message once to which several
// patterns lead.
type shard struct {
	run func() // follow, as a value that `go` need not make anew

	mu      sync.Mutex
	changed sync.Cond
	queue   []item
	cost    int  // of the items that are not done
	running bool // follow is

	// What follows is the goroutine's.
	taken    []item // what it follows
	members  int    // of all parts
	messages []*websocket.Prepared
	due      []*subscriber
	batch    []*websocket.Prepared
}

// item is one step for a shard: a message to the members of a part, somebody who is
// excluded from the message in front of it, a member that joins a part or leaves it, or a
// fence, which is closed when everything before it has been delivered.
type item struct {
	message *websocket.Prepared
	to      *part
	cost    int
	spared  *subscriber
	joins   *membership
	leaves  *membership
	fence   chan struct{}
}

const (
	batchMessages = 64      // as many as there are bits
	backlogLimit  = 1 << 16 // a shard that is more behind has publishers wait; see cost
	keepItems     = 1 << 12 // room for so many is kept while nothing is to do
)

// cost is what a message of n bytes adds to a backlog: the deliveries, and
// the memory, at 256 bytes each.
func cost(deliveries, n int) int { return deliveries + n/256 }

func newShard() *shard {
	s := &shard{
		messages: make([]*websocket.Prepared, 0, batchMessages),
		batch:    make([]*websocket.Prepared, 0, batchMessages),
	}
	s.run, s.changed.L = s.follow, &s.mu
	return s
}

// push puts a step behind those in the queue.
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

// pushMessage puts a message to the members of groups into the queue, but for those
// that are spared it. It reports whether the shard, whose index it is given, is too
// far behind.
func (s *shard) pushMessage(m *websocket.Prepared, groups []*group, spared []*subscriber, index int) (behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range groups {
		if p := g.parts[index]; p != nil && p.size > 0 {
			s.pushLocked(item{message: m, to: p, cost: cost(p.size, m.Size())})
		}
	}
	for _, sub := range spared {
		if sub.shard == index {
			s.pushLocked(item{spared: sub})
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

// awaitIdle waits until nothing is in the queue.
func (s *shard) awaitIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running {
		s.changed.Wait()
	}
}

// follow does what is in the queue until there is nothing.
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

// take takes all there is. It returns false, and the goroutine is over, if there
// is nothing.
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

// done forgets items that are done.
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

// mark follows items until a batch of messages is full, and marks in each
// subscriber which of them it gets. It returns how many items that were.
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
		case it.spared != nil:
			it.spared.due &^= 1 << (len(s.messages) - 1)
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

// deliver gives each subscriber what mark has marked. One that was spared may be due
// twice, and then the second time gets nothing, or get nothing at all.
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

// collect makes the batch of those messages whose bit is set.
func (s *shard) collect(due uint64) {
	s.batch = s.batch[:0]
	for ; due != 0; due &= due - 1 {
		s.batch = append(s.batch, s.messages[bits.TrailingZeros64(due)])
	}
}

// join puts the member into its part's list.
func (m *membership) join() {
	m.index = len(m.part.members)
	m.part.members = append(m.part.members, m)
}

// leave takes it out.
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
