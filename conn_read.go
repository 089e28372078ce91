package websocket

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/zerowire/websocket/codec"
)

// The way in: socket → receive → codec.Decoder → readMessage → the caller.

// Sizes of the decoder's buffer, in bytes: while nothing much comes, and while
// reads fill it.
const (
	smallRead = 4 << 10
	largeRead = 64 << 10
)

// reader is the receiving half of a Conn. All but busy belongs to the goroutine
// that has set busy.
type reader struct {
	busy    atomic.Bool // a goroutine reads
	events  bool        // it is the one that a Handler is called on
	decoder codec.Decoder
	message assembly
	lent    bool  // a payload was handed out that its reader may still use
	size    int   // how much room to read into next
	err     error // what ended reading: every later read returns it
	wait    wait  // conn_wait.go
}

// Read returns the next message. p is valid until the next read, and may be
// changed; text is valid UTF-8.
//
// If ctx ends first, Read returns ctx.Err() and nothing is lost: the next read
// goes on at the same byte, in the middle of a frame too. Any other error is
// final, and later reads return it again: a *CloseError when the peer sent a
// Close frame, which has been answered; a codec.Violation when the peer broke
// the protocol, which it has been told; ErrTimeout; ErrClosed; or what the network
// reported. ErrConcurrentRead and ErrEvents report misuse and change nothing.
//
// Pings are answered and closing handshakes completed while Read runs.
func (c *Conn) Read(ctx context.Context) (op Opcode, p []byte, err error) {
	if !c.in.busy.CompareAndSwap(false, true) {
		if c.in.events {
			return 0, nil, ErrEvents
		}
		return 0, nil, ErrConcurrentRead
	}
	defer c.yieldRead()
	if err := c.in.wait.begin(ctx, c.nc); err != nil {
		return 0, nil, err
	}
	defer c.in.wait.finish()
	c.in.lent = false
	op, p, err = c.readMessage()
	c.in.lent = err == nil
	return op, p, err
}

// yieldRead lets the next goroutine read, Close first.
func (c *Conn) yieldRead() {
	c.in.busy.Store(false)
	if c.end.waiting.Load() {
		select {
		case c.end.turn <- struct{}{}:
		default:
		}
	}
}

// readMessage returns the next message. It answers the control frames before
// it.
func (c *Conn) readMessage() (Opcode, []byte, error) {
	if c.in.err != nil {
		return 0, nil, c.in.err
	}
	c.in.message.release()
	for {
		f, err := c.nextFrame()
		if err == nil && f.Opcode.IsControl() {
			err = c.control(f)
		}
		switch {
		case err != nil:
			if c.in.err != nil {
				c.in.free()
			}
			return 0, nil, err
		case f.Opcode.IsControl():
		case f.Last() && !c.in.message.begun:
			c.received()
			return f.Message, f.Payload, nil
		default:
			c.in.message.append(f.Payload)
			if f.Last() {
				c.received()
				return f.Message, c.in.message.finish(), nil
			}
		}
	}
}

// received prepares for the reply to a message that is complete.
func (c *Conn) received() {
	c.in.wait.message = never
	c.out.batch.Store(c.in.decoder.Ready())
}

// nextFrame returns the next frame or piece of one. Of a large frame, what was
// read straight into the message is not in Payload again.
func (c *Conn) nextFrame() (codec.Frame, error) {
	for {
		f, err := c.in.decoder.Next()
		if err == nil {
			return f, nil
		}
		if err != codec.ErrShort {
			return f, c.fail(err)
		}
		if lacking := c.in.decoder.Direct(); lacking > 0 && c.in.message.large() {
			return c.receivePayload(lacking)
		}
		if err := c.receiveBytes(); err != nil {
			return f, err
		}
	}
}

// receiveBytes reads from the socket into the decoder.
func (c *Conn) receiveBytes() error {
	c.in.decoder.Release()
	room := c.in.decoder.Space(max(c.in.size, smallRead))
	n, err := c.receive(room)
	if err != nil {
		return err
	}
	c.in.decoder.Commit(n)
	c.in.size = smallRead
	if n == len(room) {
		c.in.size = largeRead
	}
	return nil
}

// receivePayload reads from the socket into the message, where the frame begun
// lacks payload.
func (c *Conn) receivePayload(lacking uint64) (codec.Frame, error) {
	c.in.decoder.Release()
	room := c.in.message.room(lacking)
	n, err := c.receive(room)
	if err != nil {
		return codec.Frame{}, err
	}
	f, err := c.in.decoder.Fill(room[:n])
	if err != nil {
		return f, c.fail(err)
	}
	c.in.message.extend(n)
	f.Payload = nil
	return f, nil
}

// receive reads from the socket into b, at least a byte. What was held back to
// be sent leaves first: the peer may be waiting for it.
func (c *Conn) receive(b []byte) (int, error) {
	c.out.batch.Store(false)
	c.flush()
	if c.in.wait.message.IsZero() && !c.in.decoder.Idle() {
		c.in.wait.message = until(now(), c.settings.MessageTimeout)
	}
	for {
		if err := c.in.wait.arm(c.nc); err != nil {
			return 0, err
		}
		n, err := c.nc.Read(b)
		c.in.wait.disarm()
		if n > 0 {
			return n, nil // an error with it comes again
		}
		if err == nil {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if err := c.timedOut(); err != nil {
				return 0, err
			}
			continue
		}
		return 0, c.lose(err)
	}
}

// timedOut finds out why a read ended at its deadline. It returns nil if no
// limit that still holds is over.
func (c *Conn) timedOut() error {
	switch now := now(); c.in.wait.expired(now) {
	case closingLimit:
		c.in.err = fmt.Errorf("websocket: waiting for the peer's Close frame: %w", ErrTimeout)
		c.cut()
		return c.in.err
	case contextLimit:
		return c.in.wait.ctxErr()
	case messageLimit:
		c.in.err = fmt.Errorf("websocket: receiving a message: %w", ErrTimeout)
		c.sendClose(StatusPolicyViolation, "message took too long")
		c.linger()
		return c.in.err
	}
	return nil
}

// free gives back every buffer of the reading half. A payload that somebody
// may still use stays theirs.
func (r *reader) free() {
	if r.lent {
		r.decoder.Detach()
		r.message.leave()
	}
	r.decoder.Reset()
	r.message.drop()
	r.wait.stop()
	r.lent = false
}
