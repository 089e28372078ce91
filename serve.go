package websocket

import (
	"context"
	"errors"
	"runtime/debug"
)

// Serve serves the connection with h on the calling goroutine. When the connection has
// ended, Serve returns the cause. It is for connections of [Dial], [Upgrade] and
// [NewConn]; a [Server] serves its own. If another goroutine reads or serves the
// connection, Serve does nothing and returns [ErrConcurrentRead].
func (c *Conn) Serve(h Handler) error {
	if serve, ok := h.(blocking); ok {
		if c.isRead() {
			return ErrConcurrentRead
		}
		return c.serveBlocking(serve)
	}
	s := &service{c: c, h: h}
	if !s.take() {
		return ErrConcurrentRead
	}
	defer s.end()
	if c.in.ended && !c.in.HasAhead() {
		return c.life.Cause()
	}
	return s.serve(true)
}

// Start serves the connection with h, as [Conn.Serve] does, on goroutines of the
// library, and returns immediately. An idle connection then uses the smallest possible
// stack.
//
// A handler of net/http may call Start and return. This releases the stack and the
// buffers of net/http, which are most of the memory of an idle connection. Over HTTP/2
// the handler must not return before the connection has ended. [Conn.AfterClose]
// reports the end. If another goroutine reads or serves the connection, Start does
// nothing and returns [ErrConcurrentRead].
func (c *Conn) Start(h Handler) error {
	if serve, ok := h.(blocking); ok {
		if c.isRead() {
			return ErrConcurrentRead
		}
		go c.serveBlocking(serve)
		return nil
	}
	s := &service{c: c, h: h, ended: func(*Conn) {}}
	if !s.take() {
		return ErrConcurrentRead
	}
	s.start()
	return nil
}

// CloseRead starts a goroutine that reads the connection until it ends: it discards
// messages, answers control frames and detects the end. It is for applications that
// only write. The returned context is a child of ctx that also ends with the
// connection; context.Cause then returns what ended the connection. If another
// goroutine reads, the returned context has ended with [ErrConcurrentRead].
//
// Without CloseRead the library also answers control frames of a connection that is not
// read, and detects the end. But it keeps up to 64 KiB of messages, and does not find a
// Close frame after more than that.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &service{c: c, h: MessageFunc(func(*Conn, Opcode, []byte) {})}
	if !s.take() {
		cancel(ErrConcurrentRead)
		return ctx
	}
	c.AfterClose(func() { cancel(c.life.Cause()) })
	go func() {
		defer s.end()
		s.serve(false)
	}()
	return ctx
}

// isRead reports whether a goroutine of the application reads, or a Handler serves the
// connection.
func (c *Conn) isRead() bool {
	switch c.in.owner.holder.Load() {
	case appRead, closeRead, eventLoop:
		return true
	}
	return c.in.served.Load()
}

// serveBlocking calls serve, and then closes the connection.
func (c *Conn) serveBlocking(serve blocking) error {
	defer c.CloseNow()
	c.watchReading()
	if callBlocking(c, serve) != nil {
		return c.Close(StatusInternalError, "")
	}
	return c.Close(StatusNormalClosure, "")
}

func callBlocking(c *Conn, serve blocking) (err error) {
	defer catch(c.settings, &err)
	serve(c)
	return nil
}

// service serves a connection with a Handler, in the event form. Its loop owns reading,
// except while a method of the Handler runs.
type service struct {
	c     *Conn
	h     Handler
	ended func(*Conn) // called when a service has ended that start has started
}

// take acquires read ownership for the loop. It returns false if another goroutine
// reads, or another Handler serves the connection.
func (s *service) take() bool {
	c, o := s.c, &s.c.in.owner
	for !o.take(eventLoop) {
		switch o.holder.Load() {
		case appRead, closeRead, eventLoop:
			return false
		case readAhead:
			c.in.wait.recall(c)
		}
		o.await(context.Background())
	}
	if !c.in.served.CompareAndSwap(false, true) {
		o.yield()
		return false
	}
	o.wake()
	c.in.Detach()
	return true
}

// serve calls the Handler with events until the connection has ended, and returns the
// cause. If the connection may be parked, serve returns errParked; the connection has
// then not ended. open reports that the Handler's Open has to be called.
func (s *service) serve(open bool) error {
	err := s.deliver(open)
	switch err {
	case errParked:
		return err
	case errPanic:
		s.resume()
		err = s.c.endWithClose(&CloseError{Code: StatusInternalError, Err: err}, StatusInternalError, "")
	}
	s.close(err)
	return err
}

// deliver passes messages to the Handler until the connection ends or may be parked.
func (s *service) deliver(open bool) (err error) {
	c := s.c
	defer catch(c.settings, &err)
	if open {
		s.release()
		s.h.Open(c)
		s.resume()
	}
	if err := c.endStream(); err != nil { // of a Reader that was left in the middle
		return err
	}
	for {
		op, p, got, err := c.nextMessage()
		switch got {
		case gotMessage:
			s.release()
			s.h.Message(c, op, p)
			s.resume()
			continue
		case needInput:
			err = c.receive()
		}
		if err != nil {
			return err
		}
	}
}

// release gives up read ownership while a method of the Handler runs, so that the library
// can read ahead if the method takes long.
func (s *service) release() {
	s.c.in.InUse, s.c.in.unread = true, 0
	s.c.in.owner.yield()
	s.c.watchReading()
}

// resume reacquires read ownership after the method has returned.
func (s *service) resume() {
	c, o := s.c, &s.c.in.owner
	for !o.take(eventLoop) {
		switch o.holder.Load() {
		case eventLoop: // a hook panicked while the loop owned reading
			return
		case readAhead:
			c.in.wait.recall(c)
		}
		o.await(context.Background())
	}
	c.in.InUse = false
}

func (s *service) close(ended error) {
	var err error
	defer catch(s.c.settings, &err)
	s.h.Close(s.c, ended)
}

// end releases the resources of the loop after the connection has ended.
func (s *service) end() {
	s.c.in.served.Store(false)
	s.c.in.owner.yield()
	s.c.CloseNow()
}

// errPanic ends a connection whose Handler panicked.
var errPanic = errors.New("websocket: the connection's Handler panicked")

// catch recovers from a panic in a handler, logs it, and sets *err to errPanic, so that
// other connections are not affected. It has to be deferred.
func catch(set *settings, err *error) {
	if r := recover(); r != nil {
		logPanic(set, r)
		*err = errPanic
	}
}

func logPanic(set *settings, reason any) {
	set.Logger.Error("websocket: panic in a handler", "panic", reason, "stack", string(debug.Stack()))
}
