package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
)

// lifetime is how a Conn ends: the closing handshake, if there is one, and then
// the TCP connection.
//
//	open → Close frame sent, or received and answered → lingering → cut
type lifetime struct {
	cut   atomic.Bool // the TCP connection is closed
	local atomic.Bool // CloseNow did it
	told  bool        // the Server knows that it has ended; guarded by Server.mu
	after func()      // what AfterClose was given, to be called when the connection has ended; guarded by writer.mu
}

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
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	c.startClose(code, reason)
	if !c.takeClose() {
		return nil
	}
	defer c.in.turn.yield()
	for {
		_, _, err := c.readMessage()
		if err == nil {
			continue
		}
		if _, ok := errors.AsType[*CloseError](err); ok {
			return nil
		}
		return err
	}
}

// CloseNow closes the connection without a closing handshake. What is pending
// is lost. It may be called in any state, and always returns nil.
func (c *Conn) CloseNow() error {
	c.end.local.Store(true)
	c.cut(ErrClosed)
	if c.in.turn.take(nowOrNever) {
		if c.in.err == nil {
			c.in.err = ErrClosed
		}
		c.in.free()
		c.in.turn.yield()
	}
	return nil
}

// startClose sends a Close frame, unless one was sent, and limits the time for
// the peer's.
func (c *Conn) startClose(code StatusCode, reason string) {
	c.in.wait.close(c.socket.nc, now().after(c.settings.CloseTimeout))
	c.sendClose(code, reason)
}

// linger closes the TCP connection after the last frame was sent. "The server
// MUST close the TCP connection first" RFC 6455 §7.1.1, so a client waits for
// that.
func (c *Conn) linger() {
	defer c.cut(c.in.err)
	if !c.awaitSent() {
		c.socket.reset()
		return
	}
	if c.role == RoleServer && (c.saidAll() || closeWrite(c.socket.nc) != nil) {
		return
	}
	c.in.wait.end()
	c.in.decoder.Reset()
	drain(c.socket.nc, c.in.decoder.Space(smallRead))
}

// saidAll reports whether both sides have said their last, and it was heard: the
// peer's Close frame has come, and it is known that nothing is behind it.
func (c *Conn) saidAll() bool {
	_, closed := c.in.err.(*CloseError)
	return closed && c.in.decoder.Buffered() == 0 && c.socket.quiet()
}

// awaitSent waits, for as long as a closing handshake may take, until what
// somebody else is sending has gone, and with it the last frame behind it. It reports
// whether that is so.
func (c *Conn) awaitSent() bool {
	c.out.mu.Lock()
	busy := c.out.sending != nil
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

// drain waits until the peer has closed its side of nc, for at most lingerTime,
// and throws away what comes. Input that is unread when a socket is closed makes
// TCP send a reset, which can destroy what is still on its way to the peer: so
// whoever closes first closes its own half alone, and then drains.
func drain(nc net.Conn, scratch []byte) {
	nc.SetReadDeadline(now().after(lingerTime).deadline())
	for {
		if _, err := nc.Read(scratch); err != nil {
			return
		}
	}
}

// lose ends the connection on which reading failed with err. A failed write
// that came before is the better reason.
func (c *Conn) lose(err error) error {
	c.out.mu.Lock()
	failed := c.out.err
	c.out.mu.Unlock()
	switch {
	case c.end.local.Load():
		c.in.err = ErrClosed
	case failed != nil:
		c.in.err = failed
	default:
		c.in.err = ended(err)
	}
	c.cut(c.in.err)
	return c.in.err
}

// cut closes the TCP connection because of err; what is pending is lost. Later
// writes return ErrClosed.
func (c *Conn) cut(err error) {
	if c.end.cut.Swap(true) {
		return
	}
	c.socket.nc.Close()
	c.in.watch.end()
	c.out.mu.Lock()
	c.out.fail(net.ErrClosed)
	if c.deflate != nil {
		c.deflate.out.Reset()
	}
	c.out.mu.Unlock()
	c.rtt.close()
	if c.settings.Hooks.Closed != nil {
		c.settings.Hooks.Closed(c, err)
	}
	if c.settings.ended != nil {
		c.settings.ended(c)
	}
	c.out.mu.Lock()
	after := c.end.after
	c.out.mu.Unlock()
	if after != nil {
		after()
	}
}
