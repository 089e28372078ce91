package websocket

import (
	"context"
	"errors"
	"runtime/debug"
)

// Serve serves the connection with h on the calling goroutine, and returns when
// it has ended, with what ended it. It is for connections that no Server serves:
// of Dial, Upgrade and NewConn. It returns ErrConcurrentRead, and does nothing, if
// another goroutine reads or serves.
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

// Start serves the connection with h, as Serve does, on goroutines of the library's, and
// returns at once. While nothing is received the connection keeps the smallest stack that
// there is. A handler of net/http that calls Start and returns gives the stack and the
// buffers of net/http back, which is most of what an idle connection costs; over HTTP/2
// it must not return before the connection has ended. AfterClose reports the end. Start
// returns ErrConcurrentRead, and does nothing, if another goroutine reads or serves.
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

// CloseRead has the library read from now on: it discards messages, answers control
// frames and finds the end of the peer, for an application that only writes. The context
// that it returns is a child of ctx that ends with the connection; context.Cause then
// gives what ended it. If another goroutine reads, the context has ended with
// ErrConcurrentRead.
//
// Without it, and without reading, the library still answers control frames and finds
// the end of the peer, but messages wait, up to 64 KiB of them, and the Close frame
// behind more than that is not found.
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

// serveEvents calls h with what happens until the connection has ended, and
// returns what ended it; or errParked, if the connection may be parked, and then
// nothing has ended.
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

// deliver hands messages to h until the connection ends or may be parked.
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

// endEvents ends what a loop held, whose connection has ended.
func (c *Conn) endEvents() {
	c.yieldEvents()
	c.CloseNow()
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
