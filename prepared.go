package websocket

import (
	"context"
	"sync/atomic"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/pool"
)

// Prepared is a message that is encoded once and sent on many connections. It never
// changes, and may be used concurrently.
//
// A connection with compression compresses the message if no earlier connection with the
// same Level and window has done so. The result does not refer to other messages, so that
// it fits all connections with these settings. The Prepared keeps it.
type Prepared struct {
	op         Opcode
	plain      form
	compressed atomic.Pointer[form] // a list
}

// form is an encoded message for certain settings of compression.
type form struct {
	frame  []byte // as a server sends it
	header int    // size of its header
	rsv    uint8
	level  int // Level and WindowBits of the Compressor
	bits   int
	next   *form
}

func newForm(op Opcode, rsv uint8, payload []byte) form {
	h := codec.Header{Fin: true, RSV: rsv, Opcode: op, Length: uint64(len(payload))}
	frame := make([]byte, 0, codec.SizeFrame(h, len(payload)))
	return form{frame: codec.AppendFrame(frame, h, payload), header: codec.SizeHeader(h), rsv: rsv}
}

func (f *form) payload() []byte { return f.frame[f.header:] }

// Prepare encodes a message. op is OpText, for which p must be valid UTF-8, or OpBinary;
// for another op, Prepare returns [ErrMessageType]. p is copied.
func Prepare(op Opcode, p []byte) (*Prepared, error) {
	if !op.IsData() {
		return nil, ErrMessageType
	}
	return &Prepared{op: op, plain: newForm(op, 0, p)}, nil
}

// Size returns the uncompressed size of the message in bytes.
func (m *Prepared) Size() int { return len(m.plain.payload()) }

// WritePrepared is [Conn.Write] for a message that [Prepare] has encoded.
func (c *Conn) WritePrepared(ctx context.Context, m *Prepared) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &c.out
	f := w.formOf(m)
	w.mu.Lock()
	defer w.unlock()
	if w.Encoder.Role == RoleServer && w.Ready() && w.Empty() && !w.delay.Open() {
		return w.sendPrepared(ctx, m, f)
	}
	h := codec.Header{Fin: true, RSV: f.rsv, Opcode: m.op}
	if len(f.payload()) >= session.VectorBytes && !w.compression.TakesOver() {
		return w.writeFrame(ctx, h, f.payload(), m.Size())
	}
	if err := w.append(ctx, h, f.payload()); err != nil {
		return err
	}
	w.skipped(m, f)
	w.noteSent(m.op, m.Size())
	return w.dispatch(ctx)
}

// sendPrepared sends f without copying it, because m never changes.
func (w *sending) sendPrepared(ctx context.Context, m *Prepared, f *form) error {
	if err := w.passPrepared(m, f); err != nil {
		return err
	}
	w.BeginOne()
	if err := w.sendOne(ctx, f.frame, nil); err != nil {
		return err
	}
	return w.flushLocked(ctx)
}

// passPrepared counts m as sent in the form f, or returns the error for which it cannot
// be sent.
func (w *sending) passPrepared(m *Prepared, f *form) error {
	h := codec.Header{Fin: true, RSV: f.rsv, Opcode: m.op, Length: uint64(len(f.payload()))}
	if err := w.refused(w.Check(&h)); err != nil {
		return err
	}
	w.noteSent(m.op, m.Size()) // before skipped, because the hook may panic
	w.skipped(m, f)
	return nil
}

// formOf returns the form in which m is sent on this connection.
func (w *sending) formOf(m *Prepared) *form {
	if !w.compression.Wants(m.Size()) {
		return &m.plain
	}
	return m.compressedBy(w.compression)
}

// compressedBy returns the compressed form for the settings of z, or an uncompressed one
// if compression does not make m smaller.
func (m *Prepared) compressedBy(z *session.Compression) *form {
	for {
		first := m.compressed.Load()
		for f := first; f != nil; f = f.next {
			if f.level == z.Out.Level && f.bits == z.Out.WindowBits {
				return f
			}
		}
		f := m.plain
		if packed := z.Pack(m.plain.payload()); packed != nil {
			f = newForm(m.op, codec.RSV1, packed.B)
			pool.Put(packed)
		}
		f.level, f.bits, f.next = z.Out.Level, z.Out.WindowBits, first
		if m.compressed.CompareAndSwap(first, &f) {
			return &f
		}
	}
}

// skipped records that f was sent compressed: the message is now in the peer's window.
func (w *sending) skipped(m *Prepared, f *form) {
	if f.rsv != 0 {
		w.compression.Out.Skip(m.plain.payload())
	}
}
