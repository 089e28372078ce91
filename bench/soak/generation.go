package main

import (
	"errors"
	"sync"
)

// generation is one server, from its start to the end of its shutdown. All have the
// same addresses.
type generation struct {
	at      Addresses
	down    chan struct{}  // closed when its shutdown begins
	clients sync.WaitGroup // those who have it

	mu  sync.Mutex
	got map[uint64]Account // what honest clients have got, by the number of the connection
}

// isDown reports whether the shutdown has begun.
func (g *generation) isDown() bool {
	select {
	case <-g.down:
		return true
	default:
		return false
	}
}

// record notes what an honest client has got on a connection that the shutdown has
// ended.
func (g *generation) record(id uint64, got Account) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got[id] = got
}

// site is where clients find the generation to connect to.
type site struct {
	mu      sync.Mutex
	current *generation   // nil between two of them
	closed  bool          // there will be none any more
	changed chan struct{} // closed when one of these has changed
}

func newSite() *site { return &site{changed: make(chan struct{})} }

// errOver is the end of the last generation.
var errOver = errors.New("the server is shut down for good")

// enter waits for a server. The caller is one of its clients until Done.
func (s *site) enter() (*generation, error) {
	for {
		s.mu.Lock()
		g, closed, changed := s.current, s.closed, s.changed
		if g != nil {
			g.clients.Add(1)
		}
		s.mu.Unlock()
		switch {
		case g != nil:
			return g, nil
		case closed:
			return nil, errOver
		}
		<-changed
	}
}

// open lets clients in.
func (s *site) open(at Addresses) {
	s.set(&generation{at: at, down: make(chan struct{}), got: map[uint64]Account{}}, false)
}

// shut lets nobody in any more, until the next open; for good if last. It returns the
// generation that is to be shut down, nil if there is none.
func (s *site) shut(last bool) *generation {
	g := s.set(nil, last)
	if g != nil {
		close(g.down)
	}
	return g
}

func (s *site) set(g *generation, closed bool) (before *generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.current, s.closed = s.current, g, closed
	close(s.changed)
	s.changed = make(chan struct{})
	return before
}
