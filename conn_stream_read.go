package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// Reader returns the next message as a stream, for messages that are too large to hold
// in memory. Options.MaxMessage and Options.MessageTimeout apply; the time between two
// reads of the stream does not count. The stream ends with io.EOF. It is valid until
// the next read from c by another method, which skips the rest of the message.
//
// The stream returns bytes as they arrive. Text is validated while it is read, so that
// an error may follow valid parts. Errors are those of [Conn.Read]. After ctx has
// ended, reads of the stream return ctx.Err(). [Conn.Read] or Reader with another
// context continue.
func (c *Conn) Reader(ctx context.Context) (Opcode, io.Reader, error) {
	if err := c.takeRead(ctx); err != nil {
		return 0, nil, err
	}
	r := &messageReader{c: c, ctx: ctx}
	err := c.beginStream(r)
	c.yieldRead(err == nil)
	if err != nil {
		return 0, nil, err
	}
	return r.op, r, nil
}

// beginStream makes r the stream of the next message.
func (c *Conn) beginStream(r *messageReader) error {
	if err := c.endStream(); err != nil {
		return err
	}
	c.in.Release()
	if op, part, z, ok := c.in.Begun(); ok { // a cancelled read has received a part
		r.op, r.inflater, r.piece, r.n = op, z, part, len(part)
		c.in.stream = r
		return nil
	}
	f, err := c.nextFrame()
	if err != nil {
		return err
	}
	if r.op = f.Message; f.RSV != 0 {
		r.inflater = c.in.Inflater
		r.inflater.Begin(r.op)
	}
	r.take(f)
	c.in.stream = r
	return nil
}

// nextFrame waits for the next data frame or a piece of one, and answers control frames
// before it.
func (c *Conn) nextFrame() (codec.Frame, error) {
	for {
		if c.in.ended && !c.in.HasAhead() {
			return codec.Frame{}, c.life.Cause()
		}
		ev, f, err := c.in.NextFrame()
		switch ev {
		case session.Data:
			return f, nil
		case session.Control:
			c.out.delay.More(c.in.More())
			err = c.control(f.Opcode, f.Payload)
		case session.Violation:
			err = c.violation(err)
		default:
			err = c.receive()
		}
		if err != nil {
			return codec.Frame{}, err
		}
	}
}

// messageReader is a message that is being read as a stream.
type messageReader struct {
	c     *Conn
	ctx   context.Context
	piece []byte // received and not read
	last  bool   // the message ends with piece
	left  bool   // a part of the message was skipped
	n     int    // bytes received

	op       Opcode
	inflater *session.Inflater // nil if the message is not compressed
}

var errStreamEnded = errors.New("websocket: read of a stream: the rest of the message was skipped because the connection was read by another method")

// Read reads bytes of the message into p.
func (r *messageReader) Read(p []byte) (int, error) {
	c := r.c
	if err := c.takeRead(r.ctx); err != nil {
		return 0, err
	}
	defer c.yieldRead(true)
	if r.left {
		return 0, errStreamEnded
	}
	for len(r.piece) == 0 && !r.last {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	if len(r.piece) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.piece)
	r.piece = r.piece[n:]
	return n, nil
}

// next receives the next piece.
func (r *messageReader) next() error {
	if r.c.in.ended && !r.c.in.HasAhead() {
		return r.c.life.Cause() // the buffers of the message have been released
	}
	if r.inflater != nil {
		p, last, err := r.inflater.NextPiece()
		if err == nil {
			r.have(p, last)
			return nil
		}
		if err != codec.ErrShort {
			return r.c.violation(err)
		}
	}
	f, err := r.c.nextFrame()
	if err != nil {
		return err
	}
	r.take(f)
	return nil
}

// take makes f the next piece, or the input of the inflater.
func (r *messageReader) take(f codec.Frame) {
	r.c.in.wait.pause(instant.Now())
	if r.inflater != nil {
		r.inflater.Feed(f.Payload, f.Last())
		return
	}
	r.have(f.Payload, f.Last())
}

// have makes p the next piece.
func (r *messageReader) have(p []byte, last bool) {
	r.piece, r.last = p, last
	r.n += len(p)
	if last {
		r.c.received(r.op, r.n)
	}
}

// endStream skips the rest of a message that is being read as a stream.
func (c *Conn) endStream() error {
	r := c.in.stream
	if r == nil {
		return nil
	}
	r.left = r.left || !r.last || len(r.piece) > 0
	for !r.last {
		if err := r.next(); err != nil {
			return err
		}
	}
	r.piece, c.in.stream = nil, nil
	if r.inflater != nil {
		r.inflater.Release()
	}
	return nil
}
