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
	runs  bool // timer is running
}

// briefSend is a size in bytes. The start of a smaller send is not timed while the timer
// runs, because reading the clock would be a fifth of its cost. If the send blocks, the
// peer may get a quarter of WriteTimeout more.
const briefSend = 1 << 10

// watchSend starts to watch a send of n bytes that may block.
func (w *sending) watchSend(n int) {
	if w.stall == nil {
		w.stall = new(stall)
	}
	limit := w.settings.WriteTimeout
	if n < briefSend && (limit == 0 || w.stall.runs) {
		w.stall.BeginUntimed()
	} else {
		w.stall.Begin(instant.Now())
	}
	if limit > 0 && !w.stall.runs {
		w.wakeStall(session.Sampling(limit))
	}
}

func (w *sending) wakeStall(after time.Duration) {
	s := w.stall
	s.runs = true
	if s.timer == nil {
		s.timer = time.AfterFunc(after, w.checkStall)
	} else {
		s.timer.Reset(after)
	}
}

// checkStall ends the connection if the peer has taken nothing for WriteTimeout. If no
// send is under way, it does not restart the timer.
func (w *sending) checkStall() {
	w.mu.Lock()
	defer w.unlock()
	w.stall.runs = false
	if w.Err() != nil || !w.stall.Sending() {
		return
	}
	now := instant.Now()
	next, expired := w.stall.Check(now, w.progress(), w.settings.WriteTimeout)
	if expired {
		w.fail(fmt.Errorf("websocket: write: %w", ErrTimeout))
		return
	}
	w.wakeStall(next.Since(now))
}

func (w *sending) progress() session.Progress {
	p := session.Progress{Took: w.transport.TookAt()}
	p.Held, p.Known = w.transport.Acknowledged()
	return p
}
