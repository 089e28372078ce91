package websocket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/transport"
	"github.com/zerowire/websocket/pool"
)

// The end of a connection. Every cause leads to a call of end, which releases all
// resources of the connection.
//
//	open → a Close frame sent, or received and answered → lingering → closed

// lingerTime is how long an endpoint waits, after its last frame, for the peer to close
// its side of the TCP connection.
const lingerTime = time.Second

// Close performs the closing handshake (RFC 6455 §7.1.2). It sends a Close frame with
// code and reason after everything that was written before, waits for the peer's Close
// frame for at most Options.CloseTimeout, and closes the connection. Messages that
// arrive in the meantime are returned by a concurrent read, or discarded if there is
// none.
//
// Close returns nil if the peer's Close frame was received, also if it was received
// first. Otherwise it returns the error that ended the connection, for example one that
// wraps [ErrTimeout]. Close may be called again. If code must not be sent (RFC 6455
// §7.4), or reason is not valid UTF-8, Close returns an error and has no effect. A
// reason longer than 123 bytes is truncated.
//
// If a [Handler] serves the connection, Close sends the frame and returns. The
// Handler's Close is called after the closing handshake.
func (c *Conn) Close(code StatusCode, reason string) error {
	if err := c.beginClose(context.Background(), code, reason); err != nil {
		return err
	}
	switch {
	case c.takeClose():
	case c.in.served.Load():
		return nil
	default:
		return closeResult(c.life.Cause())
	}
	defer c.in.owner.yield()
	for {
		if _, _, err := c.readMessage(); err != nil {
			return closeResult(err)
		}
	}
}

// closeResult returns the result of Close for the cause of the end.
func closeResult(cause error) error {
	if e, ok := errors.AsType[*CloseError](cause); ok && e.Err == nil {
		return nil
	}
	return cause
}

// StartClose begins the closing handshake and does not wait for it. It queues the Close
// frame after what was written before, and returns. The library completes the
// handshake, and closes the connection after Options.CloseTimeout at the latest.
// [Conn.AfterClose] and Hooks.Closed report the end. The connection may still be read; if
// the application does not read, the library discards what arrives after 64 KiB.
//
// Errors are those of [Conn.Close] for an invalid code or reason.
func (c *Conn) StartClose(code StatusCode, reason string) error {
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	if c.out.hasBeforeClose() { // its functions may block
		go func() {
			c.beginClose(offhand, code, reason)
			c.lookAfterReading()
		}()
		return nil
	}
	c.beginClose(offhand, code, reason)
	go c.lookAfterReading()
	return nil
}

// beginClose sends a Close frame, unless one was sent, and limits the time for the
// peer's Close frame. It first calls the functions of BeforeClose. ctx is the context
// of the send.
func (c *Conn) beginClose(ctx context.Context, code StatusCode, reason string) error {
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	c.callBeforeClose()
	c.in.wait.close(c, instant.Now().After(c.settings.CloseTimeout))
	c.out.sendClose(ctx, code, reason)
	return nil
}

// CloseNow closes the connection immediately, without a closing handshake. It sends as
// much of the pending data as is possible without waiting; the rest is lost. CloseNow
// may be called in any state, and always returns nil.
func (c *Conn) CloseNow() error {
	c.end(ErrClosed, ErrClosed, false)
	c.life.Abandon()
	c.freeReading()
	return nil
}

// end closes the connection; no other function does. The first call has an effect. It
// records cause, unless an earlier cause is known. Later writes return the error writes.
// Waiting calls return, and the hooks and functions for the end are called. If reset is
// set, the system discards the data that it still holds for the peer. Otherwise end sends
// as much of the pending data as is possible without waiting.
func (c *Conn) end(cause, writes error, reset bool) {
	cause = c.life.End(cause)
	if !c.life.Close() {
		return
	}
	if !reset {
		c.out.sendLast()
	}
	c.out.mu.Lock()
	c.out.fail(writes)
	var after func()
	if r := c.out.rare; r != nil {
		after = r.after
		r.after, r.before = nil, nil
	}
	c.out.mu.Unlock()
	if reset {
		c.transport.Reset()
	} else {
		c.transport.Close()
	}
	c.in.wait.stop(c)
	c.callClosed(cause)
	if c.settings.ended != nil {
		c.settings.ended(c)
	}
	if after != nil {
		c.callAfter(after)
	}
}

// callClosed calls Hooks.Closed, and logs a panic in it: the goroutine may be one of the
// library, and the Server has to count the end.
func (c *Conn) callClosed(cause error) {
	if closed := c.settings.Hooks.Closed; closed != nil {
		var err error
		defer catch(c.settings, &err)
		closed(c, cause)
	}
}

// callAfter calls the functions of AfterClose, and logs a panic in one.
func (c *Conn) callAfter(after func()) {
	var err error
	defer catch(c.settings, &err)
	after()
}

// endReading ends the connection because of an error of reading, and returns the cause.
// An earlier cause takes precedence.
func (c *Conn) endReading(err error) error {
	c.end(err, ErrClosed, false)
	c.in.ended = true
	c.in.Reset(true)
	return c.life.Cause()
}

// endWithClose sends a Close frame with code and reason, and ends the connection because
// of err. It returns the cause; an earlier one takes precedence.
func (c *Conn) endWithClose(err error, code StatusCode, reason string) error {
	err = c.life.End(err)
	c.in.ended = true
	c.out.sendClose(context.Background(), code, reason)
	reset := !c.out.awaitSent()
	if !reset {
		c.linger(err)
	}
	c.in.Reset(true)
	c.end(err, ErrClosed, reset)
	return err
}

// linger waits until the peer has closed its side, if that is necessary. "The server
// MUST close the TCP connection first" RFC 6455 §7.1.1, so a client waits. A server does
// not wait after a clean closing handshake if no input is unread. Otherwise it closes
// its sending half and waits: to close a TCP connection with unread input sends a reset,
// which can destroy data in flight to the peer.
func (c *Conn) linger(err error) {
	e, ok := err.(*CloseError)
	clean := ok && e.Err == nil && c.in.Decoder.Buffered() == 0
	if c.in.Decoder.Role == RoleServer {
		if clean && (!c.transport.Raw() || c.transport.Quiet()) {
			return
		}
		transport.CloseWrite(c.transport.Conn())
	}
	c.in.wait.end()
	scratch := pool.Get(pool.MinSize)
	defer pool.Put(scratch)
	drain(c.transport.Conn(), scratch.B[:cap(scratch.B)])
}

// awaitSent waits until the current send, including the last frame, has ended. It waits
// at most Options.CloseTimeout, and reports whether the send has ended.
func (w *sending) awaitSent() bool {
	w.mu.Lock()
	busy := w.Sending()
	w.mu.Unlock()
	if !busy {
		return true
	}
	ctx := context.Background()
	if limit := w.settings.CloseTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return w.flushAll(ctx) == nil
}

// AfterClose registers f to be called once, after the connection has been closed by
// either endpoint or has failed. It serves to remove connections from tables, in the
// event form and in the blocking form. f is called on the goroutine that closes the
// connection, and must not block. Several functions are called in the order of their
// registration. A panic in one of them is logged; the others are still called. If the
// connection has already been closed, AfterClose calls f itself.
func (c *Conn) AfterClose(f func()) {
	if !c.out.addAfter(f) {
		f()
	}
}

// addAfter returns false if the connection has ended.
func (w *sending) addAfter(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.life.Closed() {
		return false
	}
	rare := w.need()
	earlier := rare.after
	rare.after = func() {
		defer f() // also after a panic
		if earlier != nil {
			earlier()
		}
	}
	return true
}

// BeforeClose registers f to be called once, before [Conn.Close], [Conn.StartClose] or
// [Server.Shutdown] sends a Close frame. f may send messages that the application has
// queued itself. ctx ends after Options.CloseTimeout, or when the connection ends. f is
// called on the goroutine that closes the connection, and must not call Close. Other calls
// of Close wait until f has returned. If the connection has already been closed,
// BeforeClose does nothing.
func (c *Conn) BeforeClose(f func(ctx context.Context)) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.life.Closed() {
		return
	}
	rare := c.out.need()
	earlier := rare.before
	rare.before = func(ctx context.Context) {
		if earlier != nil {
			earlier(ctx)
		}
		f(ctx)
	}
}

func (w *sending) hasBeforeClose() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rare != nil && (w.rare.before != nil || w.rare.flushed != nil)
}

// takeBeforeClose returns the functions of BeforeClose to the first caller. flushed is
// closed after they have returned; it is nil if there are none.
func (w *sending) takeBeforeClose() (before func(context.Context), flushed chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rare
	switch {
	case r == nil:
	case r.flushed == nil && r.before != nil:
		before, r.before, r.flushed = r.before, nil, make(chan struct{})
		return before, r.flushed
	default:
		flushed = r.flushed
	}
	return nil, flushed
}

// callBeforeClose calls the functions of BeforeClose. If another goroutine calls them,
// callBeforeClose waits for it: a Close frame must not be sent before their messages.
func (c *Conn) callBeforeClose() {
	before, flushed := c.out.takeBeforeClose()
	if flushed == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if limit := c.settings.CloseTimeout; limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.AfterClose(cancel)
	if before == nil {
		select {
		case <-flushed:
		case <-ctx.Done():
		}
		return
	}
	defer close(flushed)
	before(ctx)
}
