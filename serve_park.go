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

// runParked serves c with h on goroutines of its own, the first of which owns reading.
// ended is called when the connection has ended.
func (c *Conn) runParked(h Handler, ended func(*Conn)) {
	c.in.parks = c.transport.Raw()
	c.in.slow = c.in.parks
	go c.run(h, true, ended)
}

// run serves c with h until c ends or is parked. It calls ended when c has ended.
func (c *Conn) run(h Handler, open bool, ended func(*Conn)) {
	parked := false
	defer func() {
		if !parked {
			c.endEvents()
			ended(c)
		}
	}()
	if parked = c.serveEvents(h, open) == errParked; !parked {
		return
	}
	c.in.wait.dropWatch(&c.in.watch)
	if c.in.wait.arm(c) == nil {
		go c.park(h, ended)
	} else {
		go c.run(h, false, ended)
	}
}

// park waits until c is readable, or a deadline has passed, and then continues to serve
// it.
//
// NOTE: the stack of this call is a large part of the memory of an idle connection, so
// that it calls as little as possible.
func (c *Conn) park(h Handler, ended func(*Conn)) {
	c.transport.Await()
	c.unpark(h, ended)
}

func (c *Conn) unpark(h Handler, ended func(*Conn)) {
	c.in.slow = false
	c.in.wait.alive = instant.Earlier(c.in.wait.alive, instant.Now().After(parkTime))
	c.run(h, false, ended)
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
