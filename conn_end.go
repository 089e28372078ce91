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

// The end: whatever ends a connection calls end, and everything that holds something of
// the connection hangs on that.
//
//	open → a Close frame sent, or received and answered → lingering → closed

// lingerTime is how long an endpoint that has nothing more to say keeps the TCP
// connection for a peer that does not close its side.
const lingerTime = time.Second

// Close does the closing handshake (RFC 6455 §7.1.2): it sends a Close frame with
// code and reason behind what was written before, waits for the peer's, for at
// most Options.CloseTimeout, and closes the connection. Messages that arrive
// meanwhile go to whoever is reading, or nowhere.
//
// It returns nil if the peer's Close frame has come, also when it came first,
// and else why it did not: ErrTimeout, or what ended the connection before.
// Closing again is allowed. A code that must not be sent, or a reason that is
// not UTF-8, is an error and nothing was done; a reason is cut at 123 bytes.
//
// On a connection that a Handler is served by, Close sends the frame and
// returns: the Handler's Close is called when the closing handshake is over.
func (c *Conn) Close(code StatusCode, reason string) error {
	if err := c.beginClose(context.Background(), code, reason); err != nil {
		return err
	}
	if !c.takeClose() {
		return nil
	}
	defer c.in.owner.yield()
	for {
		_, _, err := c.readMessage()
		if err == nil {
			continue
		}
		if e, ok := errors.AsType[*CloseError](err); ok && e.Err == nil {
			return nil
		}
		return err
	}
}

// StartClose is Close without waiting: it puts the Close frame behind what was written
// before and returns. The library completes the closing handshake, and closes the
// connection after Options.CloseTimeout at the latest; AfterClose and Hooks.Closed
// report the end. The connection may still be read.
func (c *Conn) StartClose(code StatusCode, reason string) error {
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	if c.hasBeforeClose() { // which may wait
		go c.closeUnattended(code, reason)
		return nil
	}
	c.beginClose(offhand, code, reason)
	go c.lookAfterReading()
	return nil
}

// closeUnattended is Close for the library itself: if nobody reads, it completes the
// closing handshake.
func (c *Conn) closeUnattended(code StatusCode, reason string) {
	c.beginClose(offhand, code, reason)
	c.lookAfterReading()
}

// beginClose sends a Close frame, unless one was sent, and limits the time for the
// peer's. What was published to the connection before is sent before. ctx is that of the
// sending.
func (c *Conn) beginClose(ctx context.Context, code StatusCode, reason string) error {
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	c.callBeforeClose()
	c.in.wait.close(c, instant.Now().After(c.settings.CloseTimeout))
	c.sendClose(ctx, code, reason)
	return nil
}

// CloseNow closes the connection without a closing handshake. What was written before is
// sent as far as that is possible without waiting, and otherwise lost. It may be called
// in any state, and always returns nil.
func (c *Conn) CloseNow() error {
	if !c.life.Closed() {
		c.sendLast()
		c.end(ErrClosed, ErrClosed, false)
	}
	c.life.Abandon()
	c.freeReading()
	return nil
}

// end closes the connection because of cause, unless an earlier one is known. It is the
// one place where a connection ends: later writes return writes, and everybody who waits
// for the connection, or has registered for its end, is released. With reset, what the
// system holds for the peer is dropped.
func (c *Conn) end(cause, writes error, reset bool) {
	cause = c.life.End(cause)
	if !c.life.Close() {
		return
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
	if c.settings.Hooks.Closed != nil {
		c.settings.Hooks.Closed(c, cause)
	}
	if c.settings.ended != nil {
		c.settings.ended(c)
	}
	if after != nil {
		after()
	}
}

// endReading ends the connection because of what reading found. A cause that came before
// is the better one.
func (c *Conn) endReading(err error) error {
	c.end(err, ErrClosed, false)
	c.in.ended = true
	c.in.Reset(true)
	return c.life.Cause()
}

// endWithClose ends the connection because of err, and sends the peer code and reason.
func (c *Conn) endWithClose(err error, code StatusCode, reason string) error {
	err = c.life.End(err)
	c.in.ended = true
	c.sendClose(context.Background(), code, reason)
	reset := !c.awaitSent()
	if !reset {
		c.linger(err)
	}
	c.in.Reset(true)
	c.end(err, ErrClosed, reset)
	return err
}

// linger keeps the connection until the peer closes its side, where that is needed. "The
// server MUST close the TCP connection first" RFC 6455 §7.1.1, so a client waits for
// that. A server closes at once after a clean closing handshake behind which nothing is
// unread. Otherwise it closes its own half alone, and waits: unread input would make TCP
// send a reset, which can destroy what is still on its way to the peer.
func (c *Conn) linger(err error) {
	e, ok := err.(*CloseError)
	clean := ok && e.Err == nil && c.in.Decoder.Buffered() == 0
	if c.role == RoleServer {
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

// awaitSent waits, for as long as a closing handshake may take, until the send under way
// has ended, and with it that of the last frame. It reports whether that is so.
func (c *Conn) awaitSent() bool {
	c.out.mu.Lock()
	busy := c.out.Sending()
	c.out.mu.Unlock()
	if !busy {
		return true
	}
	ctx := context.Background()
	if limit := c.settings.CloseTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return c.Flush(ctx) == nil
}

// AfterClose registers f to be called once, when the connection has ended: it is closed,
// by this endpoint or because the peer has gone. It is for tables in which connections
// are registered, in either form of using one. f is called on the goroutine that closes
// the connection, and must not wait; if it has ended already, by AfterClose itself.
func (c *Conn) AfterClose(f func()) {
	if !c.addAfter(f) {
		f()
	}
}

// addAfter returns false if the connection has ended.
func (c *Conn) addAfter(f func()) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.life.Closed() {
		return false
	}
	rare := c.out.need()
	earlier := rare.after
	rare.after = func() {
		if earlier != nil {
			earlier()
		}
		f()
	}
	return true
}

// BeforeClose registers f to be called whenever Close, StartClose or Shutdown is about
// to send a Close frame, so that what a queue of the application's holds for the
// connection is sent before. ctx ends after Options.CloseTimeout, or with the
// connection. f is called on the goroutine that closes the connection.
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

func (c *Conn) hasBeforeClose() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.rare != nil && c.out.rare.before != nil
}

func (c *Conn) callBeforeClose() {
	c.out.mu.Lock()
	var before func(context.Context)
	if r := c.out.rare; r != nil {
		before, r.before = r.before, nil
	}
	c.out.mu.Unlock()
	if before == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if limit := c.settings.CloseTimeout; limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.AfterClose(cancel)
	before(ctx)
}
