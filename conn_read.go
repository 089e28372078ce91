package websocket

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// receiving is the receiving half of a Conn. It belongs to the owner of reading, except
// for wait and watch.
type receiving struct {
	owner owner // conn_owner.go
	session.Receiver
	wait wait // conn_wait.go

	served atomic.Bool // a Handler serves the connection: its loop owns reading, except while a method runs
	slow   bool        // the last bytes arrived after a pause
	parks  bool        // a new goroutine may replace the reading one
	unread uint8       // how often the library has read ahead since the application's last read
	ended  bool        // nothing more is received; reads return the messages read ahead, then the cause

	alive  session.Keepalive
	budget session.Budget
	stream *messageReader
	watch  watch // conn_ahead.go
}

// Read returns the next message. It blocks until the message is complete. op is OpText,
// for which p is valid UTF-8, or OpBinary. p is valid until the next read, and may be
// modified.
//
// If ctx ends first, Read returns ctx.Err() and no data is lost: the next read
// continues at the same byte, even in the middle of a frame. All other errors are
// final, and later reads return them again. They are [ErrClosed] after [Conn.CloseNow],
// and otherwise a [*CloseError]. Its Err is nil if the peer sent a Close frame.
// Otherwise Err wraps the cause: for example a [codec.Violation], [ErrTimeout], or an
// error of the network.
//
// [ErrConcurrentRead] and [ErrHandlerReads] report misuse, and have no effect on the
// connection.
func (c *Conn) Read(ctx context.Context) (op Opcode, p []byte, err error) {
	if err := c.takeRead(ctx); err != nil {
		return 0, nil, err
	}
	op, p, err = c.readMessage()
	c.yieldRead(err == nil)
	return op, p, err
}

// ReadAppend appends the next message to dst and returns the extended slice, which the
// caller owns. Errors are those of [Conn.Read]; dst is then returned unchanged.
func (c *Conn) ReadAppend(ctx context.Context, dst []byte) (op Opcode, _ []byte, err error) {
	if err := c.takeRead(ctx); err != nil {
		return 0, dst, err
	}
	op, p, err := c.readMessage()
	dst = append(dst, p...)
	c.in.Release()
	c.yieldRead(false)
	return op, dst, err
}

// Message is a received message.
type Message struct {
	Opcode  Opcode // OpText or OpBinary
	Payload []byte // valid until the next read; may be modified
}

// Messages returns an iterator over the next messages, as [Conn.Read] returns them. The
// iterator ends after the first error. After the error of ctx, a later read continues at
// the same byte.
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

// outcome is the result of nextMessage.
type outcome uint8

const (
	gotMessage outcome = iota
	needInput          // receive has to be called
	failed             // the error is returned; it is final if in.ended is set
)

// readMessage waits for the next message.
func (c *Conn) readMessage() (Opcode, []byte, error) {
	if err := c.endStream(); err != nil {
		return 0, nil, err
	}
	for {
		op, p, got, err := c.nextMessage()
		if got != needInput {
			return op, p, err
		}
		if err := c.receive(); err != nil {
			return 0, nil, err
		}
	}
}

// nextMessage returns the next message in the received bytes, and answers the control
// frames before it.
func (c *Conn) nextMessage() (Opcode, []byte, outcome, error) {
	if !c.in.ended {
		c.in.Release()
		if op, p, ok := c.in.Take(); ok {
			c.received(op, len(p))
			return op, p, gotMessage, nil
		}
		if c.in.Idle() {
			return 0, nil, needInput, nil
		}
	}
	for {
		if c.in.ended && !c.in.HasAhead() {
			return 0, nil, failed, c.life.Cause()
		}
		ev, op, p, err := c.in.NextMessage()
		switch ev {
		case session.Message:
			c.received(op, len(p))
			return op, p, gotMessage, nil
		case session.Control:
			c.out.delay.More(c.in.More())
			err = c.control(op, p)
		case session.Violation:
			err = c.violation(err)
		default: // after the end, the last frames read ahead are not a whole message
			if !c.in.ended {
				return 0, nil, needInput, nil
			}
		}
		if err != nil {
			return 0, nil, failed, err
		}
	}
}

// received records a complete message, and whether its reply may be delayed.
func (c *Conn) received(op Opcode, n int) {
	c.in.wait.message = instant.Never
	c.out.delay.More(c.in.More())
	if c.settings.IdleTimeout > 0 {
		c.in.alive.Message = instant.Now()
	}
	if c.settings.Hooks.Received != nil {
		c.callHook(func() { c.settings.Hooks.Received(c, op, n) })
	}
}

// callHook calls a hook on the goroutine that owns reading. If the hook panics, a call of
// the application yields read ownership, so that the connection can still be closed.
func (c *Conn) callHook(hook func()) {
	returned := false
	defer func() {
		if !returned && c.in.owner.holder.Load() == appRead {
			c.yieldRead(true)
		}
	}()
	hook()
	returned = true
}
