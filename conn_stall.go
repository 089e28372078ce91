package websocket

import (
	"fmt"
	"time"

	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// stall watches sends that may block.
type stall struct {
	session.Stall
	timer *time.Timer
	runs  bool // the timer does
}

// briefSend is the size, in bytes, below which the beginning of a send that may block is
// not timed while the timer runs: reading the clock would be a fifth of its cost. If it
// does block, the peer may get a quarter of WriteTimeout more.
const briefSend = 1 << 10

// watchSend begins to watch a send of n bytes that may block.
func (c *Conn) watchSend(n int) {
	w := &c.out
	if w.stall == nil {
		w.stall = new(stall)
	}
	limit := c.settings.WriteTimeout
	if n < briefSend && (limit == 0 || w.stall.runs) {
		w.stall.BeginUntimed()
	} else {
		w.stall.Begin(instant.Now())
	}
	if limit > 0 && !w.stall.runs {
		c.wakeStall(session.Sampling(limit))
	}
}

func (c *Conn) wakeStall(after time.Duration) {
	s := c.out.stall
	s.runs = true
	if s.timer == nil {
		s.timer = time.AfterFunc(after, c.checkStall)
	} else {
		s.timer.Reset(after)
	}
}

// checkStall ends the connection if the peer has taken nothing for WriteTimeout. While
// nothing is being sent it lets the timer go.
func (c *Conn) checkStall() {
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	w.stall.runs = false
	if w.Err() != nil || !w.stall.Sending() {
		return
	}
	now := instant.Now()
	next, expired := w.stall.Check(now, c.progress(), c.settings.WriteTimeout)
	if expired {
		w.fail(fmt.Errorf("websocket: write: %w", ErrTimeout))
		return
	}
	c.wakeStall(next.Since(now))
}

func (c *Conn) progress() session.Progress {
	p := session.Progress{Took: c.transport.TookAt()}
	p.Held, p.Known = c.transport.Acknowledged()
	return p
}
