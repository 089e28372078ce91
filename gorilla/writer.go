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
	queued *pool.Buffer // whole frames to send before it; nil for none
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
		return w.packFrom(r)
	}
	source, _ := r.(*messageReader)
	for {
		waiting := source != nil && source.ready()
		if err := w.makeRoom(waiting); err != nil {
			return n, err
		}
		if !waiting {
			if err := w.sendQueued(); err != nil {
				return n, err
			}
		}
		b := w.c.out.begun.buf
		m, err := r.Read(b.B[len(b.B):w.c.out.room()])
		b.B = b.B[:len(b.B)+m]
		n += int64(m)
		if err == io.EOF {
			return n, w.sendQueued()
		}
		if err != nil {
			w.sendQueued()
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

// fill adds p to the message's frames. Frames that p fills are sent together.
func fill[T ~string | ~[]byte](w *messageWriter, p T) (n int, err error) {
	for len(p) > 0 {
		if err := w.makeRoom(len(p) > w.c.out.size); err != nil {
			return 0, err
		}
		b := w.c.out.begun.buf
		part := p[:min(len(p), w.c.out.room()-len(b.B))]
		b.B = append(b.B, part...)
		p, n = p[len(part):], n+len(part)
	}
	return n, nil
}

// makeRoom ends the current frame if it is full. The frame is sent, or queued if the caller will
// fill the next one without waiting.
func (w *messageWriter) makeRoom(queue bool) error {
	o := &w.c.out
	switch {
	case len(o.begun.buf.B) < o.room():
		return nil
	case queue && !o.begun.op.IsControl() && 2*o.room() <= gathered:
		return w.queue()
	}
	return w.flush(false, nil)
}

// queue adds the current frame to the queued ones. It sends them if they have no room for
// another frame.
func (w *messageWriter) queue() error {
	o := &w.c.out
	m := &o.begun
	if m.queued == nil {
		m.queued = pool.Get(min(4*o.room(), gathered))
	}
	m.queued.B = append(m.queued.B, w.seal(false, 0)...)
	if len(m.queued.B)+o.room() > cap(m.queued.B) {
		return w.sendQueued()
	}
	return nil
}

// sendQueued sends the queued frames.
func (w *messageWriter) sendQueued() error {
	m := &w.c.out.begun
	if m.queued == nil {
		return nil
	}
	err := w.c.send(codec.OpContinuation, m.queued.B, nil)
	pool.Put(m.queued)
	m.queued = nil
	if err != nil {
		return w.end(err)
	}
	return nil
}

// flush sends the queued frames and a frame with the contents of the buffer, followed by extra.
func (w *messageWriter) flush(final bool, extra []byte) error {
	c, m := w.c, &w.c.out.begun
	if n := len(m.buf.B) - codec.MaxHeaderSize + len(extra); m.op.IsControl() && (!final || n > codec.MaxControlPayload) {
		return w.end(errControlFrame)
	}
	op := m.next
	frames := w.seal(final, len(extra))
	if m.queued != nil { // it has room for a frame
		m.queued.B = append(m.queued.B, frames...)
		frames = m.queued.B
	}
	err := c.send(op, frames, extra)
	if m.queued != nil {
		pool.Put(m.queued)
		m.queued = nil
	}
	switch {
	case err != nil:
		return w.end(err)
	case final:
		w.end(errWriterClosed)
	}
	return nil
}

// seal returns the frame with the contents of the buffer, to be followed by extra bytes, and
// begins the next one. The returned bytes are valid until the next write to the buffer.
func (w *messageWriter) seal(final bool, extra int) []byte {
	c, m := w.c, &w.c.out.begun
	b := m.buf.B
	h := c.frameHeader(m.next, m.rsv, final)
	h.Length = uint64(len(b) - codec.MaxHeaderSize + extra)
	start := codec.MaxHeaderSize - codec.SizeHeader(h)
	codec.AppendHeader(b[:start], h)
	if h.Masked {
		codec.Mask(b[codec.MaxHeaderSize:], h.Key, 0)
	}
	m.buf.B = b[:codec.MaxHeaderSize]
	m.next, m.rsv = codec.OpContinuation, 0
	return b[start:]
}

// end ends the message with err, and returns its buffers to their pools.
func (w *messageWriter) end(err error) error {
	o := &w.c.out
	w.err, o.writer = err, nil
	o.giveBack(o.begun.buf)
	if o.begun.queued != nil {
		pool.Put(o.begun.queued)
	}
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

// packFrom adds all bytes of r to the bytes to compress.
func (w *messageWriter) packFrom(r io.Reader) (n int64, err error) {
	m := &w.c.out.begun
	for {
		switch {
		case m.raw == nil:
			m.raw = pool.Get(packBytes)
		case len(m.raw.B) == packBytes:
			if err := w.packOut(false); err != nil {
				return n, err
			}
		default:
			m.raw = pool.Grow(m.raw, packBytes)
		}
		k, err := r.Read(m.raw.B[len(m.raw.B):packBytes])
		m.raw.B = m.raw.B[:len(m.raw.B)+k]
		n += int64(k)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
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
