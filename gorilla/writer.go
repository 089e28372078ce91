package websocket

import (
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// message is the state of a message that NextWriter has begun.
type message struct {
	op     codec.Opcode // of the message
	next   codec.Opcode // of its next frame
	rsv    uint8        // of its next frame
	buf    *pool.Buffer // room for a header, then payload of the next frame
	packed bool         // the message is sent compressed
	raw    *pool.Buffer // bytes to compress next
	parts  bool         // a part of the message was compressed
}

// packBytes is the number of bytes of a message that are compressed at once.
const packBytes = 32 << 10

func (c *Conn) beginMessage(op codec.Opcode) {
	b := c.out.borrow()
	b.B = b.B[:codec.MaxHeaderSize]
	c.out.begun = message{op: op, next: op, buf: b, packed: c.compresses(op)}
}

// messageWriter writes one message.
type messageWriter struct {
	c   *Conn
	err error // the error that ended the writer
}

// Write adds p to the message. p is not retained.
func (w *messageWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	c := w.c
	if c.out.begun.packed {
		return pack(w, p)
	}
	if c.role == codec.Server && len(p) > 2*c.out.room() {
		if err := w.flush(false, p); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return fill(w, p)
}

// WriteString adds s to the message.
func (w *messageWriter) WriteString(s string) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.c.out.begun.packed {
		return pack(w, s)
	}
	return fill(w, s)
}

// ReadFrom adds all bytes of r to the message.
func (w *messageWriter) ReadFrom(r io.Reader) (n int64, err error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.c.out.begun.packed {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	for {
		if err := w.makeRoom(); err != nil {
			return n, err
		}
		b := w.c.out.begun.buf
		m, err := r.Read(b.B[len(b.B):w.c.out.room()])
		b.B = b.B[:len(b.B)+m]
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Close sends the end of the message.
func (w *messageWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.c.out.begun.packed {
		if err := w.packOut(true); err != nil {
			return err
		}
	}
	return w.flush(true, nil)
}

// fill adds p to the message's frames.
func fill[T ~string | ~[]byte](w *messageWriter, p T) (n int, err error) {
	for len(p) > 0 {
		if err := w.makeRoom(); err != nil {
			return 0, err
		}
		b := w.c.out.begun.buf
		part := p[:min(len(p), w.c.out.room()-len(b.B))]
		b.B = append(b.B, part...)
		p, n = p[len(part):], n+len(part)
	}
	return n, nil
}

// makeRoom sends the current frame if it is full.
func (w *messageWriter) makeRoom() error {
	if len(w.c.out.begun.buf.B) < w.c.out.room() {
		return nil
	}
	return w.flush(false, nil)
}

// flush sends a frame with the contents of the buffer, followed by extra.
func (w *messageWriter) flush(final bool, extra []byte) error {
	c, m := w.c, &w.c.out.begun
	b := m.buf.B
	n := len(b) - codec.MaxHeaderSize + len(extra)
	if m.op.IsControl() && (!final || n > codec.MaxControlPayload) {
		return w.end(errControlFrame)
	}
	h := c.frameHeader(m.next, m.rsv, final)
	h.Length = uint64(n)
	start := codec.MaxHeaderSize - codec.SizeHeader(h)
	codec.AppendHeader(b[:start], h)
	if h.Masked {
		codec.Mask(b[codec.MaxHeaderSize:], h.Key, 0)
	}
	if err := c.send(m.next, b[start:], extra); err != nil {
		return w.end(err)
	}
	if final {
		w.end(errWriterClosed)
		return nil
	}
	m.buf.B = b[:codec.MaxHeaderSize]
	m.next, m.rsv = codec.OpContinuation, 0
	return nil
}

// end ends the message with err, and returns its buffers to their pools.
func (w *messageWriter) end(err error) error {
	o := &w.c.out
	w.err, o.writer = err, nil
	o.giveBack(o.begun.buf)
	if o.begun.packed {
		pool.Put(o.begun.raw)
		if err != errWriterClosed {
			o.deflate.Reset()
		}
	}
	o.begun = message{}
	return err
}

// pack adds p to the bytes to compress.
func pack[T ~string | ~[]byte](w *messageWriter, p T) (n int, err error) {
	m := &w.c.out.begun
	for len(p) > 0 {
		if m.raw != nil && len(m.raw.B) == packBytes {
			if err := w.packOut(false); err != nil {
				return 0, err
			}
		}
		if m.raw == nil {
			m.raw = pool.Get(min(len(p), packBytes))
		}
		part := p[:min(len(p), packBytes-len(m.raw.B))]
		m.raw = pool.Grow(m.raw, len(m.raw.B)+len(part))
		m.raw.B = append(m.raw.B, part...)
		p, n = p[len(part):], n+len(part)
	}
	return n, nil
}

// packOut compresses the gathered bytes and adds the result to the message's frames. If they
// are the whole message and do not become smaller, they are sent uncompressed.
func (w *messageWriter) packOut(last bool) error {
	c, m := w.c, &w.c.out.begun
	var raw []byte
	if m.raw != nil {
		raw = m.raw.B
	}
	b := pool.Get(deflate.Bound(len(raw)))
	defer func() { pool.Put(b) }()
	smaller := true
	if last && !m.parts {
		if b.B, smaller = c.compressor().Append(b.B, raw); !smaller {
			b.B = append(b.B, raw...)
		}
	} else {
		b.B = c.compressor().AppendFragment(b.B, raw, last)
	}
	if !m.parts && smaller {
		m.rsv = codec.RSV1
	}
	m.parts = true
	if m.raw != nil {
		m.raw.B = m.raw.B[:0]
	}
	_, err := fill(w, b.B)
	return err
}
