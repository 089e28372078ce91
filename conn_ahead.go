package websocket

import (
	"sync"
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
	mu    sync.Mutex
	timer *time.Timer
	set   bool
}

// watchReader is called whenever a read of the application's ends.
func (c *Conn) watchReader() {
	w := &c.in.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set || c.in.err != nil {
		return
	}
	w.set = true
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, c.readAhead)
	} else {
		w.timer.Reset(patience)
	}
}

// readAhead reads in place of an application that does not, until it does, or
// until data has come: that waits for it, and holds up what is behind it.
func (c *Conn) readAhead() {
	c.in.watch.mu.Lock()
	c.in.watch.set = false
	c.in.watch.mu.Unlock()
	c.in.wait.setAhead(true)
	defer c.in.wait.setAhead(false)
	if !c.in.turn.take(readAhead) {
		return // it reads, or nobody ever will
	}
	defer c.in.turn.yield()
	if c.in.err != nil || c.in.ahead != nil {
		return
	}
	c.in.leave()
	if f, err := c.nextData(); err == nil {
		c.in.ahead = &f
	}
}
