package websocket

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
)

// lifetime is how a Conn ends: the closing handshake, if there is one, and then
// the TCP connection.
//
//	open → Close frame sent, or received and answered → lingering → closed
type lifetime struct {
	waiting atomic.Bool   // Close waits for its turn to read
	turn    chan struct{} // tells it that a reader is done
	once    sync.Once
	local   atomic.Bool // CloseNow ended it
}

// lingerTime is how long an end that has nothing more to say keeps a TCP
// connection whose peer does not close its side.
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
// In the methods of a Handler, and on a connection that is served by one, Close
// sends the frame and returns: the Handler's Close is called when the closing
// handshake is over.
func (c *Conn) Close(code StatusCode, reason string) error {
	if _, err := codec.AppendClose(nil, code, reason); err != nil {
		return fmt.Errorf("websocket: close: %w", err)
	}
	c.startClose(code, reason)
	if c.in.events {
		return nil
	}
	return c.awaitClose()
}

// CloseNow closes the connection without a closing handshake. What is pending
// is lost. It may be called in any state, and always returns nil.
func (c *Conn) CloseNow() error {
	c.end.local.Store(true)
	c.cut()
	if c.in.busy.CompareAndSwap(false, true) {
		if c.in.err == nil {
			c.in.err = ErrClosed
		}
		c.in.free()
		c.yieldRead()
	}
	return nil
}

// startClose sends a Close frame, unless one was sent, and limits the time for
// the peer's.
func (c *Conn) startClose(code StatusCode, reason string) {
	c.in.wait.close(c.nc, until(now(), c.settings.CloseTimeout))
	c.sendClose(code, reason)
}

// awaitClose waits for the peer's Close frame: by reading, as soon as nobody
// else does.
func (c *Conn) awaitClose() error {
	c.end.waiting.Store(true)
	for !c.in.busy.CompareAndSwap(false, true) {
		<-c.end.turn
	}
	defer c.yieldRead()
	if c.in.lent {
		c.in.decoder.Detach()
		c.in.message.leave()
		c.in.lent = false
	}
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

// sendClose sends a Close frame behind what is pending, unless one was sent.
func (c *Conn) sendClose(code StatusCode, reason string) {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	var payload [codec.MaxControlPayload]byte
	p, err := codec.AppendClose(payload[:0], code, reason)
	if err != nil || w.append(codec.OpClose, p) != nil || w.writing {
		return
	}
	c.flushLocked()
}

// linger closes the TCP connection after the last frame was sent. "The server
// MUST close the TCP connection first" RFC 6455 §7.1.1, so a client waits for
// that.
func (c *Conn) linger() {
	defer c.cut()
	c.in.decoder.Reset()
	drain(c.nc, c.in.decoder.Space(smallRead), c.role == RoleServer)
}

// drain waits until the peer has closed its side of nc, for at most lingerTime,
// and throws away what comes. Input that is unread when a socket is closed makes
// TCP send a reset, which can destroy what is still on its way to the peer: so a
// side that has to close first closes its own half alone.
func drain(nc net.Conn, scratch []byte, first bool) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok && first && half.CloseWrite() != nil {
		return
	}
	nc.SetReadDeadline(now().Add(lingerTime))
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
	c.cut()
	return c.in.err
}

// cut closes the TCP connection; what is pending is lost. Later writes return
// ErrClosed.
func (c *Conn) cut() {
	c.end.once.Do(func() {
		c.nc.Close()
		c.out.mu.Lock()
		c.out.fail(net.ErrClosed)
		c.out.mu.Unlock()
	})
}
