package websocket

import (
	"errors"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Parking: the stack of a goroutine does not shrink to less than its deepest call needed,
// and most connections are idle most of the time. So a connection that is not busy waits
// on a new goroutine with the smallest stack, and the goroutine that did the work ends.

// parkTime is how long a connection receives nothing before it is parked.
const parkTime = time.Second

// errParked ends a goroutine that serves a connection, but not the connection.
var errParked = errors.New("websocket: parked")

// parkable reports whether the connection may wait on another goroutine: a Server
// serves it, and no part of a message has been received.
func (c *Conn) parkable(now instant.Instant) bool {
	return c.in.parks && c.in.Idle() && now.Since(c.in.alive.Heard) >= parkTime
}

// start serves the connection on goroutines of its own, the first of which owns reading.
func (s service) start() {
	s.c.in.parks = s.c.transport.Raw()
	s.c.in.slow = s.c.in.parks
	go s.run(true)
}

// run serves the connection until it ends or is parked.
func (s service) run(open bool) {
	parked := false
	defer func() {
		if !parked {
			s.end()
			s.ended(s.c)
		}
	}()
	if parked = s.serve(open) == errParked; !parked {
		return
	}
	wait := &s.c.in.wait
	wait.dropWatch(&s.c.in.watch)
	if wait.arm(s.c) == nil {
		go s.park()
	} else {
		go s.run(false)
	}
}

// park waits until the connection is readable, or a deadline has passed, and then
// continues to serve it.
//
// NOTE: the stack of this call is a large part of the memory of an idle connection, so
// that it calls as little as possible.
func (s service) park() {
	s.c.transport.Await()
	s.unpark()
}

func (s service) unpark() {
	s.c.in.slow = false
	s.c.in.wait.alive = instant.Earlier(s.c.in.wait.alive, instant.Now().After(parkTime))
	s.run(false)
}

// dropWatch releases the timer of a watch that is not running: an idle connection needs
// none.
func (w *wait) dropWatch(watch *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !watch.set.Load() {
		watch.timer = nil
	}
}
