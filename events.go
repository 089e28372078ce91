package websocket

import (
	"errors"
	"runtime/debug"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Serve serves the connection with h on the calling goroutine, and returns when
// it has ended, with what ended it. It is for connections that no Server serves:
// of Dial, Upgrade and NewConn. It returns ErrConcurrentRead, and does nothing, if
// somebody reads.
func (c *Conn) Serve(h Handler) error {
	if serve, ok := h.(blocking); ok {
		return c.serveBlocking(serve)
	}
	if !c.takeEvents() {
		return ErrConcurrentRead
	}
	defer c.freeEvents()
	return c.serveEvents(h, true)
}

// serveBlocking calls serve, and then closes the connection.
func (c *Conn) serveBlocking(serve blocking) error {
	defer c.CloseNow()
	c.watchReader()
	if c.callBlocking(serve) != nil {
		return c.Close(StatusInternalError, "")
	}
	return c.Close(StatusNormalClosure, "")
}

func (c *Conn) callBlocking(serve blocking) (err error) {
	defer c.catch(&err)
	serve(c)
	return nil
}

// serveEvents calls h with what happens until the connection has ended, and
// returns what ended it; or errParked, if the connection may be parked, and then
// nothing has ended.
func (c *Conn) serveEvents(h Handler, open bool) error {
	err := c.deliver(h, open)
	switch err {
	case errParked:
		return err
	case errPanic:
		err = c.endWith(&givenUp{err, StatusInternalError}, StatusInternalError, "")
	}
	c.callClose(h, err)
	return err
}

// deliver hands messages to h until the connection ends or may be parked.
func (c *Conn) deliver(h Handler, open bool) (err error) {
	defer c.catch(&err)
	if open {
		h.Open(c)
	}
	for {
		op, p, err := c.readMessage()
		switch {
		case err == nil:
			h.Message(c, op, p)
			continue
		case err == codec.ErrShort:
			err = c.receive()
		}
		if err != nil {
			return err
		}
	}
}

func (c *Conn) callClose(h Handler, ended error) {
	var err error
	defer c.catch(&err)
	h.Close(c, ended)
}

// freeEvents ends what an event loop held.
func (c *Conn) freeEvents() {
	c.CloseNow()
	c.in.free()
}

// errPanic ends a connection whose Handler panicked.
var errPanic = errors.New("websocket: the connection's Handler panicked")

// catch makes errPanic of a panic in a handler, and logs it: one connection's
// fault is nobody else's. It has to be deferred.
func (c *Conn) catch(err *error) {
	if r := recover(); r != nil {
		logPanic(c.settings, r)
		*err = errPanic
	}
}

func logPanic(set *settings, reason any) {
	set.Logger.Error("websocket: panic in a handler", "panic", reason, "stack", string(debug.Stack()))
}

// Parking: a goroutine's stack stays as deep as its deepest call, and nearly all
// connections wait nearly all the time. So one that is not busy waits on a fresh
// goroutine, with the least stack there is, and the one that did the work ends.

const (
	busyGap  = 100 * time.Millisecond // bytes that come sooner than this after the last ones keep a connection busy
	parkTime = time.Second            // a busy connection to which nothing has come for so long is no longer
)

// errParked ends a goroutine that serves a connection, and not the connection.
var errParked = errors.New("websocket: parked")

// parkable reports whether a connection that has waited may go on to wait on
// another goroutine: a Server serves it, and nothing of a message has come.
func (c *Conn) parkable(now instant) bool {
	return c.in.parks && c.in.decoder.Idle() && now.since(c.in.alive.heard) >= parkTime
}
