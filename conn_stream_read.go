package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// Reader returns the next message as a stream, for messages that are better
// not held in memory as a whole. Options.MaxMessage still bounds it, and so does
// Options.MessageTimeout, without the time that passes between two reads. The stream
// ends with io.EOF; it is valid until the next read from c by another way, which
// skips what is left of the message.
//
// Bytes arrive as the peer sends them: text may turn out not to be UTF-8 after
// some of it was read. Errors are those of Read; after ctx has ended, a further read of
// the stream returns ctx.Err() again, but Read or Reader with another context go on.
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
	if op, part, z, ok := c.in.Begun(); ok { // by a read that was cancelled
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

// nextFrame waits for the next data frame or piece of one, and answers the control
// frames before it.
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
			c.out.delay.More(c.in.Ready())
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
	piece []byte // arrived and not read
	last  bool   // nothing comes behind piece
	left  bool   // some of it was skipped
	n     int    // bytes that have arrived

	op       Opcode
	inflater *session.Inflater // nil if the message is not compressed
}

var errStreamEnded = errors.New("websocket: the stream has ended because the connection was read by another way")

// Read returns bytes of the message.
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

// next gets the next piece.
func (r *messageReader) next() error {
	if r.c.in.ended && !r.c.in.HasAhead() {
		return r.c.life.Cause() // the buffers of the message are gone
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

// take makes of f the piece to be read, or what the next ones come from.
func (r *messageReader) take(f codec.Frame) {
	r.c.in.wait.pause(instant.Now())
	if r.inflater != nil {
		r.inflater.Feed(f.Payload, f.Last())
		return
	}
	r.have(f.Payload, f.Last())
}

// have makes p the piece to be read.
func (r *messageReader) have(p []byte, last bool) {
	r.piece, r.last = p, last
	r.n += len(p)
	if last {
		r.c.received(r.op, r.n)
	}
}

// endStream skips what is left of the message that is being read as a stream.
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
