package websocket

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/zerowire/websocket/codec"
)

// The way in: socket → receive → codec.Decoder → nextFrame → readMessage → the
// caller.

// reader is the receiving half of a Conn. It belongs to whoever has the turn.
type reader struct {
	turn      turn // conn_turn.go
	decoder   codec.Decoder
	message   assembly
	ahead     *codec.Frame // read before the application asked for it
	stream    *messageReader
	inflating *inflating // nil if messages do not come compressed
	direct    int        // bytes that were received into message and not decoded
	events    bool       // an event loop reads
	slow      bool       // the last bytes were long in coming
	parks     bool       // the goroutine that reads may be replaced by a fresh one
	lent      bool       // a payload was handed out that the application may still use
	err       error      // what ended reading: every later read returns it
	wait      wait       // conn_wait.go
	alive     alive      // conn_ping.go
	watch     watch      // conn_ahead.go
}

func (r *reader) init(now instant, set *settings) {
	r.alive.heard, r.alive.message = now, now
	r.wait.alive = r.alive.due(set)
}

// Read returns the next message. p is valid until the next read, and may be
// changed; text is valid UTF-8.
//
// If ctx ends first, Read returns ctx.Err() and nothing is lost: the next read
// goes on at the same byte, in the middle of a frame too. Any other error is
// final, and later reads return it again: a *CloseError when the peer sent a
// Close frame, which has been answered; a codec.Violation when the peer broke
// the protocol, which it has been told; ErrTimeout; ErrClosed; or what the network
// reported. ErrConcurrentRead and ErrHandlerReads report misuse and change nothing.
func (c *Conn) Read(ctx context.Context) (op Opcode, p []byte, err error) {
	if err := c.takeRead(ctx); err != nil {
		return 0, nil, err
	}
	op, p, err = c.readMessage()
	c.yieldRead(err == nil)
	return op, p, err
}

// ReadAppend appends the next message to dst and returns the extended slice,
// which is the caller's. It fails as Read does; dst is then returned as it was.
func (c *Conn) ReadAppend(ctx context.Context, dst []byte) (op Opcode, _ []byte, err error) {
	if err := c.takeRead(ctx); err != nil {
		return 0, dst, err
	}
	op, p, err := c.readMessage()
	dst = append(dst, p...)
	c.in.message.release()
	c.yieldRead(false)
	return op, dst, err
}

// Message is a message that was received.
type Message struct {
	Opcode  Opcode // OpText or OpBinary
	Payload []byte // valid until the next read, and may be changed
}

// Messages returns an iterator over the messages to come. It ends after the
// first error, which may be that of ctx: then reading may go on later.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			op, p, err := c.Read(ctx)
			if !yield(Message{op, p}, err) || err != nil {
				return
			}
		}
	}
}

// readMessage returns the next message. It answers the control frames before
// it.
func (c *Conn) readMessage() (Opcode, []byte, error) {
	if err := c.endStream(); err != nil {
		return 0, nil, err
	}
	c.in.message.release()
	if c.in.err == nil && c.in.ahead == nil && !c.in.message.begun {
		if op, p, ok := c.in.decoder.Message(); ok {
			c.received(op, len(p))
			return op, p, nil
		}
		if c.in.events && c.in.decoder.Idle() {
			return 0, nil, codec.ErrShort
		}
	}
	for {
		f, err := c.nextData()
		if err != nil {
			return 0, nil, err
		}
		p := f.Payload
		if !f.Last() || c.in.message.begun || f.RSV != 0 {
			if err := c.assemble(&f); err != nil {
				return 0, nil, err
			}
			if !f.Last() {
				continue
			}
			p = c.in.message.finish()
		}
		c.received(f.Message, len(p))
		return f.Message, p, nil
	}
}

// assemble puts f behind what there is of its message. It fails for good.
func (c *Conn) assemble(f *codec.Frame) error {
	m := &c.in.message
	if !m.begun && f.RSV != 0 {
		m.inflating = c.in.inflating
		m.inflating.begin(f.Message)
	}
	if m.inflating == nil {
		m.append(f.Message, f.Payload)
		return nil
	}
	m.op, m.begun = f.Message, true
	if err := m.inflating.add(f); err != nil {
		return c.failMessage(err)
	}
	return nil
}

// failMessage is fail for what was found out of a message behind the decoder.
func (c *Conn) failMessage(err error) error {
	err = c.fail(err)
	c.in.free()
	return err
}

// received notes a message that is complete, and prepares for its reply.
func (c *Conn) received(op Opcode, n int) {
	c.in.wait.message = never
	if ready := c.in.decoder.Ready(); ready != c.out.batch.Load() {
		c.out.batch.Store(ready)
	}
	if c.settings.IdleTimeout > 0 {
		c.in.alive.message = now()
	}
	if c.settings.Hooks.Received != nil {
		c.settings.Hooks.Received(c, op, n)
	}
}

// nextData returns the next data frame or piece of one, and answers the control
// frames before it. When it fails for good it gives the buffers back.
func (c *Conn) nextData() (codec.Frame, error) {
	if c.in.err != nil {
		return codec.Frame{}, c.in.err
	}
	if f := c.in.ahead; f != nil {
		c.in.ahead = nil
		return *f, nil
	}
	for {
		f, err := c.nextFrame()
		if err == nil && f.Opcode.IsControl() {
			err = c.control(f)
		}
		if err != nil && c.in.err != nil {
			c.in.free()
		}
		if err != nil || !f.Opcode.IsControl() {
			return f, err
		}
	}
}

// nextFrame returns the next frame or piece of one. If more bytes are needed it
// receives them, but for an event loop, which gets codec.ErrShort.
func (c *Conn) nextFrame() (codec.Frame, error) {
	for {
		f, err := c.decode()
		switch {
		case err == nil:
			return f, nil
		case err != codec.ErrShort:
			return f, c.fail(err)
		case c.in.events:
			return f, err
		}
		if err := c.receive(); err != nil {
			return f, err
		}
	}
}

// decode returns the next frame or piece of one that was received. Of a large
// frame, what was read straight into the message is not in Payload again.
func (c *Conn) decode() (codec.Frame, error) {
	n := c.in.direct
	if n == 0 {
		return c.in.decoder.Next()
	}
	c.in.direct = 0
	f, err := c.in.decoder.Fill(c.in.message.extend(n))
	f.Payload = nil
	return f, err
}

// receive reads at least a byte from the socket: into the message, where it
// lacks much of a large frame's payload, else into the decoder. What was held
// back to be sent leaves first: the peer may be waiting for it.
//
// NOTE: nearly all connections wait here nearly all the time: what stands on the
// stack here is what they cost.
func (c *Conn) receive() error {
	if c.out.batch.Load() {
		c.out.batch.Store(false) // before flushOffhand looks: see leave
	}
	c.flushOffhand()
	if c.in.parks && c.in.slow && c.in.decoder.Idle() {
		c.in.decoder.Release()
		return errParked
	}
	c.in.wait.limitRest(!c.in.decoder.Idle(), c.settings.MessageTimeout)
	var payload []byte
	if lacking := c.in.decoder.Direct(); lacking > 0 && c.in.message.large() {
		payload = c.in.message.room(lacking)
	}
	for {
		if err := c.in.wait.arm(c.socket.nc); err != nil {
			return err
		}
		n, err := c.socket.receive(&c.in.decoder, payload)
		if n > 0 { // an error with it comes again
			if payload != nil {
				c.in.direct = n
			}
			c.heard(now())
			return nil
		}
		if err != nil {
			if err := c.notReceived(err); err != nil {
				return err
			}
		}
	}
}

// heard notes that bytes have come.
func (c *Conn) heard(now instant) {
	c.in.slow = now.since(c.in.alive.heard) > busyGap
	c.in.alive.heard = now
}

// notReceived finds out why reading from the socket failed with err. It returns
// nil if it shall go on.
func (c *Conn) notReceived(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return c.timedOut()
	}
	return c.lose(err)
}

// timedOut finds out why a read ended at its deadline. It returns nil if no
// limit that still holds is over.
func (c *Conn) timedOut() error {
	now := now()
	switch c.in.wait.expired(now) {
	case recallLimit:
		return errRecalled
	case closingLimit:
		c.in.err = fmt.Errorf("websocket: waiting for the peer's Close frame: %w", ErrTimeout)
		c.cut(c.in.err)
		return c.in.err
	case contextLimit:
		return c.in.wait.ctxErr()
	case messageLimit:
		return c.giveUp(StatusPolicyViolation, "message took too long")
	case aliveLimit:
		return c.checkAlive(now)
	}
	return nil
}

// giveUp ends the connection because the peer exceeded a time limit.
func (c *Conn) giveUp(code StatusCode, reason string) error {
	err := fmt.Errorf("websocket: %s: %w", reason, ErrTimeout)
	return c.endWith(&givenUp{err, code}, code, reason)
}

// endWith ends the connection because of err, which the peer is told as code and
// reason.
func (c *Conn) endWith(err error, code StatusCode, reason string) error {
	c.in.err = err
	c.sendClose(code, reason)
	c.linger()
	return c.in.err
}

// leave gives up the buffers of which a payload was handed out, so that it
// stays valid: whoever reads next is not the application.
func (r *reader) leave() {
	if r.lent {
		r.decoder.Detach()
		r.message.leave()
		if r.inflating != nil {
			r.inflating.Detach()
		}
		r.lent = false
	}
}

// free gives back every buffer of the reading half. A payload that somebody may
// still use stays theirs.
func (r *reader) free() {
	r.leave()
	r.decoder.Reset()
	r.message.drop()
	if r.inflating != nil {
		r.inflating.Reset()
	}
	r.wait.context.end()
}
