package websocket

import (
	"sync"
	"sync/atomic"
	"time"
)

// The library reads by itself while the application does not: so that Pings are
// answered, dead peers found and closing handshakes completed on a connection
// whose application only writes, or takes its time.

// patience is how long after its last read the application is taken not to be
// reading.
const patience = time.Second

// watch notices that the application does not read.
type watch struct {
	set   atomic.Bool // the timer runs
	over  bool        // the connection has ended; guarded by mu, as the setting of set
	mu    sync.Mutex
	timer *time.Timer
}

// end ends the watching for good: what has ended is not to be held by a timer.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// watchReader is called whenever the application ceases to read, when it has yielded
// the turn: a timer that runs out before that finds it taken, and is gone.
func (c *Conn) watchReader() {
	w := &c.in.watch
	if w.set.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set.Load() || w.over {
		return
	}
	w.set.Store(true)
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, c.readAhead)
	} else {
		w.timer.Reset(patience)
	}
}

// readAhead reads in place of an application that does not, until it does, or
// until data has come: that waits for it, and holds up what is behind it.
func (c *Conn) readAhead() {
	c.in.watch.set.Store(false)
	if !c.in.wait.takeAhead(&c.in.turn) {
		return // it reads, or nobody ever will
	}
	if c.in.err == nil && c.in.ahead == nil {
		c.readFrameAhead()
	}
	c.in.wait.yieldAhead(&c.in.turn)
	c.freeIfClosed()
}

func (c *Conn) readFrameAhead() {
	c.in.leave()
	switch f, err := c.nextData(); err {
	case nil:
		c.in.ahead = &f
		c.in.wait.pause(now())
	case errRecalled:
		c.watchReader() // the application may think better of it
	}
}
