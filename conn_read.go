package websocket

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// receiving is the receiving half of a Conn. It belongs to the owner of reading, except
// wait and watch.
type receiving struct {
	owner owner // conn_owner.go
	session.Receiver
	wait wait // conn_wait.go

	served atomic.Bool // a Handler is served: its loop owns reading, but while a method runs
	slow   bool        // the last bytes were long in coming
	parks  bool        // the goroutine that reads may be replaced by a fresh one
	unread uint8       // how often the library has looked after the application's last read
	ended  bool        // nothing more is received: later reads return the cause, behind what was read ahead

	alive  session.Keepalive
	budget session.Budget
	stream *messageReader
	watch  watch // conn_ahead.go
}

// Read returns the next message. p is valid until the next read, and may be
// changed; text is valid UTF-8.
//
// If ctx ends first, Read returns ctx.Err() and nothing is lost: the next read
// goes on at the same byte, in the middle of a frame too. Any other error is
// final, and later reads return it again: a *CloseError, whose Err is nil if the peer
// sent a Close frame, and otherwise the cause: a codec.Violation, ErrTimeout, or
// what the network reported; or ErrClosed, after CloseNow. ErrConcurrentRead and
// ErrHandlerReads report misuse and change nothing.
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
	c.in.Release()
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

// outcome is what a step of reading led to.
type outcome uint8

const (
	gotMessage outcome = iota
	needInput          // receive has to be called
	failed             // the error says why; it is final if in.ended
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

// nextMessage returns the next message that has been received. It answers the control
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
			c.out.delay.More(c.in.Ready())
			err = c.control(op, p)
		case session.Violation:
			err = c.violation(err)
		default: // of a connection that has ended, the rest of what was read ahead is no whole message
			if !c.in.ended {
				return 0, nil, needInput, nil
			}
		}
		if err != nil {
			return 0, nil, failed, err
		}
	}
}

// received notes a message that is complete, and prepares for its reply.
func (c *Conn) received(op Opcode, n int) {
	c.in.wait.message = instant.Never
	c.out.delay.More(c.in.Ready())
	if c.settings.IdleTimeout > 0 {
		c.in.alive.Message = instant.Now()
	}
	if c.settings.Hooks.Received != nil {
		c.settings.Hooks.Received(c, op, n)
	}
}
