package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// Writer begins a message that is written as a stream, for messages that are too large
// to hold in memory. It sends fragments of Options.FragmentSize bytes while the message
// is written. A message that fits into one fragment is sent as one frame. Close sends
// the last fragment.
//
// Other messages wait until Close returns; Pings and Pongs do not. ctx applies to all
// writes of the stream. op is OpText, for which the message must be valid UTF-8, or
// OpBinary. The stream copies what is written to it, and must not be used concurrently.
// Errors are those of [Conn.Write].
func (c *Conn) Writer(ctx context.Context, op Opcode) (io.WriteCloser, error) {
	if err := mayWrite(ctx, op); err != nil {
		return nil, err
	}
	w := &c.out
	w.mu.Lock()
	defer w.unlock()
	for w.Streaming {
		if err := w.waitTurn(ctx); err != nil {
			return nil, err
		}
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	w.Streaming = true
	return &messageWriter{c: c, ctx: ctx, message: op, op: op}, nil
}

// messageWriter is a message that is being written as a stream.
type messageWriter struct {
	c       *Conn
	ctx     context.Context
	message Opcode       // its type
	op      Opcode       // of the next fragment
	buf     *pool.Buffer // the next fragment; nil if it is empty
	n       int          // bytes written
	ended   bool         // the last fragment is pending or sent
	rsv     uint8        // reserved bits of the first fragment
	err     error        // why no more can be written
}

var errStreamClosed = errors.New("websocket: write to a stream: it has been closed")

// Write adds p to the message.
func (s *messageWriter) Write(p []byte) (n int, err error) {
	size := s.c.settings.FragmentSize
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	for len(p) > 0 && s.err == nil {
		if s.buf != nil && len(s.buf.B) == size { // not the last fragment, because p follows
			if s.err = s.send(false); s.err != nil {
				break
			}
		}
		if s.buf == nil {
			s.buf = pool.Get(min(size, max(len(p), pool.MinSize)))
		}
		k := min(len(p), size-len(s.buf.B))
		s.buf = pool.Grow(s.buf, len(s.buf.B)+k)
		s.buf.B = append(s.buf.B, p[:k]...)
		n, p = n+k, p[k:]
	}
	s.n += n
	return n, s.err
}

// Close ends the message. It sends nothing if ctx has ended before the first fragment. If
// a part of the message was sent, and the rest cannot be sent, the connection is closed:
// the protocol has no other way to abort a message.
func (s *messageWriter) Close() error {
	if s.err == errStreamClosed {
		return s.err
	}
	defer s.end()
	if s.err == nil && s.op != codec.OpContinuation {
		s.err = s.ctx.Err() // a message that has begun is completed
	}
	if s.err == nil {
		s.err = s.send(true)
	}
	err := s.err
	pool.Put(s.buf)
	s.buf, s.err = nil, errStreamClosed
	if err != nil && s.op == codec.OpContinuation && !s.ended {
		s.c.beginClose(context.Background(), StatusInternalError, "message abandoned")
	}
	return err
}

// end lets other messages be sent.
func (s *messageWriter) end() {
	s.c.out.mu.Lock()
	defer s.c.out.mu.Unlock()
	s.c.out.Streaming = false
	s.c.out.signal()
}

// send sends the next fragment.
func (s *messageWriter) send(fin bool) error {
	w := &s.c.out
	w.mu.Lock()
	defer w.unlock()
	for !fin && w.Full(w.settings.MaxPending) {
		if err := w.waitTurn(s.ctx); err != nil {
			return err
		}
	}
	if err := w.Err(); err != nil {
		return err
	}
	s.pack(fin)
	p := s.bytes()
	h := codec.Header{Fin: fin, Opcode: s.op}
	if s.op != codec.OpContinuation {
		h.RSV = s.rsv
	}
	if err := w.refused(w.Append(h, p)); err != nil {
		return err
	}
	pool.Put(s.buf)
	s.buf, s.op, s.ended = nil, codec.OpContinuation, fin
	if fin {
		w.noteSent(s.message, s.n)
	}
	return w.flushLocked(s.ctx)
}

// bytes returns the next fragment.
func (s *messageWriter) bytes() []byte {
	if s.buf == nil {
		return nil
	}
	return s.buf.B
}

// pack compresses the next fragment if the message is sent compressed.
func (s *messageWriter) pack(fin bool) {
	z, p := s.c.out.compression, s.bytes()
	if z == nil {
		return
	}
	if s.op != codec.OpContinuation && (!fin || z.Wants(len(p))) {
		s.rsv = codec.RSV1
	}
	if s.rsv == 0 {
		return
	}
	packed := pool.Get(deflate.Bound(len(p)))
	packed.B = z.Out.AppendFragment(packed.B, p, fin)
	pool.Put(s.buf)
	s.buf = packed
}
