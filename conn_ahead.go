package websocket

import (
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// The library reads if the application does not, for example because it only writes, or
// because a Handler's method is running. So the library answers Pings, detects the end of
// the peer, and completes closing handshakes. At most session.AheadBytes of messages wait
// for the application. Beyond that the library asks the system for the state of the peer.

// aheadAfter is the time after the application's last read until the library reads ahead.
// It is also the interval at which the library asks the system for the state of the peer.
const aheadAfter = time.Second

// watch detects that the application does not read. wait.mu guards timer and over.
type watch struct {
	set   atomic.Bool // the timer runs
	over  bool        // the connection has ended
	timer *time.Timer
}

// watchReading is called after the application has stopped reading and has yielded read
// ownership. A timer that expires while a goroutine reads has no effect.
func (c *Conn) watchReading() {
	if c.in.watch.set.Load() {
		return
	}
	c.startWatch()
}

func (c *Conn) startWatch() {
	w := &c.in.watch
	c.in.wait.mu.Lock()
	defer c.in.wait.mu.Unlock()
	if w.over || w.set.Swap(true) {
		return
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(aheadAfter, c.lookAfterReading)
	} else {
		w.timer.Reset(aheadAfter)
	}
}

// lookAfterReading reads ahead until the application reads, or no more may be read ahead.
func (c *Conn) lookAfterReading() {
	c.in.watch.set.Store(false)
	if !c.in.wait.takeAhead(&c.in.owner) {
		return // another goroutine reads
	}
	more, err := c.tryReadAhead()
	if err != nil {
		c.endWithClose(&CloseError{Code: StatusInternalError, Err: err}, StatusInternalError, "")
	}
	c.in.wait.yieldAhead(&c.in.owner)
	if more {
		c.watchReading()
	}
	c.freeIfClosed()
}

// tryReadAhead calls readFramesAhead unless the connection has ended. err is errPanic if a
// hook panicked.
func (c *Conn) tryReadAhead() (more bool, err error) {
	defer catch(c.settings, &err)
	return !c.in.ended && c.readFramesAhead(), nil
}

// readFramesAhead reads and keeps frames for the application, and answers control frames.
// It reports whether the connection still has to be watched.
func (c *Conn) readFramesAhead() (more bool) {
	c.in.Detach()
	if c.in.unread < 255 {
		c.in.unread++
	}
	for {
		if c.in.AheadFull() && !c.out.closing.Load() {
			c.in.wait.pause(instant.Now())
			return c.checkUnread(instant.Now()) == nil
		}
		ev, f, err := c.in.DecodeAhead()
		switch ev {
		case session.Data:
			if c.in.AheadFull() { // during a closing handshake
				c.in.CutAhead()
			}
			c.in.ReadAhead(&f)
		case session.Control:
			err = c.control(f.Opcode, f.Payload)
		case session.Violation:
			err = c.violation(err)
		default:
			err = c.receiveInto(nil)
		}
		switch {
		case err == errRecalled:
			return true
		case err != nil:
			return false
		}
	}
}

// checkUnread checks time limits and the liveness of the peer without reading its frames.
func (c *Conn) checkUnread(now instant.Instant) error {
	set := c.settings
	if by := c.in.wait.closingBy(); now.Reached(by) {
		return c.endReading(errCloseTimeout)
	}
	const most = 255 * aheadAfter // what unread can count
	quiet := min(set.limits.PingInterval, most) + min(set.limits.PongTimeout, most)
	if set.limits.PingInterval > 0 && time.Duration(c.in.unread)*aheadAfter >= min(quiet, most) && c.transport.PeerGone() {
		return c.endReading(errAbnormal)
	}
	c.noteProgress(now)
	switch c.in.alive.Check(now, set.limits) {
	case session.SendPing:
		return c.out.sendPing(offhand, nil)
	case session.PeerLost:
		if c.transport.Unacknowledged() {
			return c.giveUp(StatusPolicyViolation, "ping was not answered")
		}
		c.in.alive.Took(now) // the Pong may be in the unread input
	case session.TooIdle:
		return c.giveUp(codec.StatusGoingAway, "idle for too long")
	}
	return nil
}
