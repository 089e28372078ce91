package websocket

import (
	"context"
	"errors"
	"runtime/debug"
)

// Serve serves the connection with h on the calling goroutine. It returns when the
// connection has ended, with the cause. It is for connections of [Dial], [Upgrade] and
// [NewConn]; a [Server] serves its own. If another goroutine reads or serves, Serve
// does nothing and returns [ErrConcurrentRead].
func (c *Conn) Serve(h Handler) error {
	if serve, ok := h.(blocking); ok {
		return c.serveBlocking(serve)
	}
	if !c.takeEvents() {
		return ErrConcurrentRead
	}
	defer c.endEvents()
	if c.in.ended && !c.in.HasAhead() {
		return c.life.Cause()
	}
	return c.serveEvents(h, true)
}

// Start serves the connection with h, as [Conn.Serve] does, on goroutines of the
// library, and returns immediately. An idle connection then uses the smallest possible
// stack.
//
// A handler of net/http that calls Start and returns also releases the stack and the
// buffers of net/http, which are most of the memory of an idle connection. Over HTTP/2
// the handler must not return before the connection has ended. [Conn.AfterClose]
// reports the end. If another goroutine reads or serves, Start does nothing and returns
// [ErrConcurrentRead].
func (c *Conn) Start(h Handler) error {
	if serve, ok := h.(blocking); ok {
		go c.serveBlocking(serve)
		return nil
	}
	if !c.takeEvents() {
		return ErrConcurrentRead
	}
	c.runParked(h, func(*Conn) {})
	return nil
}

// CloseRead starts a goroutine that reads the connection until it ends: it discards
// messages, answers control frames and detects the end. It is for applications that
// only write. The returned context is a child of ctx that also ends with the
// connection; context.Cause then returns what ended the connection. If another
// goroutine reads, the returned context has ended with [ErrConcurrentRead].
//
// Without CloseRead, on a connection that is not read, the library still answers
// control frames and detects the end. But up to 64 KiB of messages wait, and a Close
// frame after more than that is not found.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	if !c.takeEvents() {
		cancel(ErrConcurrentRead)
		return ctx
	}
	c.AfterClose(func() { cancel(c.life.Cause()) })
	go func() {
		defer c.endEvents()
		c.serveEvents(MessageFunc(func(*Conn, Opcode, []byte) {}), false)
	}()
	return ctx
}

// serveBlocking calls serve, and then closes the connection.
func (c *Conn) serveBlocking(serve blocking) error {
	defer c.CloseNow()
	c.watchReading()
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

// serveEvents calls h with events until the connection has ended, and returns the
// cause. It returns errParked if the connection may be parked; the connection has then
// not ended.
func (c *Conn) serveEvents(h Handler, open bool) error {
	err := c.deliver(h, open)
	switch err {
	case errParked:
		return err
	case errPanic:
		c.resume()
		err = c.endWithClose(&CloseError{Code: StatusInternalError, Err: err}, StatusInternalError, "")
	}
	c.callClose(h, err)
	return err
}

// deliver passes messages to h until the connection ends or may be parked.
func (c *Conn) deliver(h Handler, open bool) (err error) {
	defer c.catch(&err)
	if open {
		c.lendToHandler()
		h.Open(c)
		c.resume()
	}
	for {
		op, p, got, err := c.nextMessage()
		switch got {
		case gotMessage:
			c.lendToHandler()
			h.Message(c, op, p)
			c.resume()
			continue
		case needInput:
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

// endEvents releases what the loop of an ended connection held.
func (c *Conn) endEvents() {
	c.yieldEvents()
	c.CloseNow()
}

// errPanic ends a connection whose Handler panicked.
var errPanic = errors.New("websocket: the connection's Handler panicked")

// catch recovers from a panic in a handler, logs it, and sets *err to errPanic, so that
// other connections are not affected. It has to be deferred.
func (c *Conn) catch(err *error) {
	if r := recover(); r != nil {
		logPanic(c.settings, r)
		*err = errPanic
	}
}

func logPanic(set *settings, reason any) {
	set.Logger.Error("websocket: panic in a handler", "panic", reason, "stack", string(debug.Stack()))
}
