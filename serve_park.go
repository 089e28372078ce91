package websocket

import (
	"errors"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Parking: a goroutine's stack stays as deep as its deepest call, and nearly all
// connections wait nearly all the time. So one that is not busy waits on a fresh
// goroutine, with the least stack there is, and the one that did the work ends.

// parkTime is how long nothing was received on a busy connection that no longer is.
const parkTime = time.Second

// errParked ends a goroutine that serves a connection, and not the connection.
var errParked = errors.New("websocket: parked")

// parkable reports whether a connection that has waited may go on to wait on
// another goroutine: a Server serves it, and nothing of a message has come.
func (c *Conn) parkable(now instant.Instant) bool {
	return c.in.parks && c.in.Idle() && now.Since(c.in.alive.Heard) >= parkTime
}

// runParked has c served with h on goroutines of its own, of which it is the first owner
// of reading. ended is called when the connection has ended.
func (c *Conn) runParked(h Handler, ended func(*Conn)) {
	c.in.parks = c.transport.Raw()
	c.in.slow = c.in.parks
	go c.run(h, true, ended)
}

// run serves c with h until it ends or is parked. ended is called when it has ended.
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

// park waits until something can be read from c, or a deadline has passed, and then
// serves it again.
//
// NOTE: what stands on the stack here while it waits is what an idle connection
// costs, so it calls as little as it can.
func (c *Conn) park(h Handler, ended func(*Conn)) {
	c.transport.Await()
	c.unpark(h, ended)
}

func (c *Conn) unpark(h Handler, ended func(*Conn)) {
	c.in.slow = false
	c.in.wait.alive = instant.Earlier(c.in.wait.alive, instant.Now().After(parkTime))
	c.run(h, false, ended)
}

// dropWatch frees the timer of a watch that does not run: an idle connection needs none.
func (w *wait) dropWatch(watch *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !watch.set.Load() {
		watch.timer = nil
	}
}
