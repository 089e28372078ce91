package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
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
	lent := false
	defer func() { c.yieldRead(lent) }()
	if err := c.endStream(); err != nil {
		return 0, nil, err
	}
	c.in.message.release()
	op := c.in.message.op
	r := &messageReader{c: c, ctx: ctx}
	if c.in.message.begun { // by a read that was cancelled
		r.inflating = c.in.message.inflating
		r.piece = c.in.message.finish()
		r.n = len(r.piece)
	} else {
		f, err := c.nextData()
		if err != nil {
			return 0, nil, err
		}
		op = f.Message
		if f.RSV != 0 {
			r.inflating = c.in.inflating
			r.inflating.begin(op)
		}
		r.take(f)
	}
	lent = true
	c.in.stream = r
	return op, r, nil
}

// messageReader is a message that is being read as a stream.
type messageReader struct {
	c     *Conn
	ctx   context.Context
	piece []byte // arrived and not read
	last  bool   // nothing comes behind piece
	left  bool   // some of it was skipped
	n     int    // bytes that have arrived

	op        Opcode
	inflating *inflating // nil if the message is not compressed
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
	if err := r.c.in.err; err != nil {
		return err // the buffers of the message are gone
	}
	if r.inflating != nil {
		p, last, err := r.inflating.next()
		if err == nil {
			r.have(p, last)
			return nil
		}
		if err != codec.ErrShort {
			return r.c.failMessage(err)
		}
	}
	f, err := r.c.nextData()
	if err != nil {
		return err
	}
	r.take(f)
	return nil
}

// take makes of f the piece to be read, or what the next ones come from.
func (r *messageReader) take(f codec.Frame) {
	r.c.in.wait.pause(now())
	r.op = f.Message
	if r.inflating != nil {
		r.inflating.Feed(f.Payload, f.Last())
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
	if r.inflating != nil {
		r.inflating.Release()
	}
	return nil
}

// fragmentBytes is the size at which a stream sends a fragment.
const fragmentBytes = 16 << 10

// Writer begins a message that is written as a stream, for messages that are
// better not held in memory as a whole. It leaves in fragments of 16 KiB as it
// is written; Close sends the last one. Until then other messages wait; Pings
// and Pongs do not. ctx is that of all its writes. The stream must not be used
// by two goroutines at once.
func (c *Conn) Writer(ctx context.Context, op Opcode) (io.WriteCloser, error) {
	if !op.IsData() {
		return nil, ErrMessageType
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.streaming {
		if err := w.waitTurn(ctx); err != nil {
			return nil, err
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	w.streaming = true
	return &messageWriter{c: c, ctx: ctx, message: op, op: op}, nil
}

// messageWriter is a message that is being written as a stream.
type messageWriter struct {
	c       *Conn
	ctx     context.Context
	message Opcode       // its type
	op      Opcode       // of the next fragment
	buf     *pool.Buffer // the next fragment; nil if it is empty
	n       int          // bytes that were written
	ended   bool         // the last fragment is pending or sent
	rsv     uint8        // of the first fragment
	err     error        // why no more can be
}

var errStreamClosed = errors.New("websocket: write to a stream that was closed")

// Write takes bytes of the message.
func (s *messageWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && s.err == nil {
		if s.buf == nil {
			s.buf = pool.Get(fragmentBytes)
		}
		k := min(len(p), fragmentBytes-len(s.buf.B))
		s.buf.B = append(s.buf.B, p[:k]...)
		n, p = n+k, p[k:]
		if len(s.buf.B) == fragmentBytes {
			s.err = s.send(false)
		}
	}
	s.n += n
	return n, s.err
}

// Close ends the message. If a part of it was sent, and the rest cannot be, the
// connection is closed: the protocol knows no other way to take it back.
func (s *messageWriter) Close() error {
	if s.err == errStreamClosed {
		return s.err
	}
	if s.err == nil {
		s.err = s.send(true)
	}
	err := s.err
	pool.Put(s.buf)
	s.buf, s.err = nil, errStreamClosed
	if err != nil && s.op == codec.OpContinuation && !s.ended {
		s.c.startClose(StatusInternalError, "message abandoned")
	}
	s.c.out.mu.Lock()
	s.c.out.streaming = false
	s.c.out.signal()
	s.c.out.mu.Unlock()
	return err
}

// send sends the next fragment.
func (s *messageWriter) send(fin bool) error {
	c, w := s.c, &s.c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	for !fin && c.full() {
		if err := w.waitTurn(s.ctx); err != nil {
			return err
		}
	}
	if w.err != nil {
		return w.err
	}
	s.pack(fin)
	var p []byte
	if s.buf != nil {
		p = s.buf.B
	}
	h := codec.Header{Fin: fin, Opcode: s.op}
	if s.op != codec.OpContinuation {
		h.RSV = s.rsv
	}
	if err := w.append(h, p); err != nil {
		return err
	}
	pool.Put(s.buf)
	s.buf, s.op, s.ended = nil, codec.OpContinuation, fin
	if fin {
		c.noteSent(s.message, s.n)
	}
	return c.flushLocked(s.ctx)
}

// pack compresses the next fragment, if the message is one that goes compressed.
func (s *messageWriter) pack(fin bool) {
	z := s.c.deflate
	if z == nil {
		return
	}
	if s.op != codec.OpContinuation && (!fin || size(s.buf) >= z.threshold) {
		s.rsv = codec.RSV1
	}
	if s.rsv == 0 {
		return
	}
	packed := pool.Get(deflate.Bound(size(s.buf)))
	var p []byte
	if s.buf != nil {
		p = s.buf.B
	}
	packed.B = z.out.AppendFragment(packed.B, p, fin)
	pool.Put(s.buf)
	s.buf = packed
}
