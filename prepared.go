package websocket

import (
	"context"

	"github.com/zerowire/websocket/codec"
)

// Prepared is a message that was encoded once, to be sent on many connections.
// It never changes, and may be used concurrently.
type Prepared struct {
	op     Opcode
	frame  []byte // as a server sends it
	header int    // size of its header
}

// Prepare encodes a message of type OpText, which has to be UTF-8, or OpBinary.
// p is copied.
func Prepare(op Opcode, p []byte) (*Prepared, error) {
	if !op.IsData() {
		return nil, ErrMessageType
	}
	h := codec.Header{Fin: true, Opcode: op, Length: uint64(len(p))}
	frame := make([]byte, 0, codec.SizeFrame(h, len(p)))
	return &Prepared{op: op, frame: codec.AppendFrame(frame, h, p), header: codec.SizeHeader(h)}, nil
}

// WritePrepared is Write for a message that was encoded before.
func (c *Conn) WritePrepared(ctx context.Context, m *Prepared) error {
	payload := m.frame[m.header:]
	if c.role == RoleClient || len(payload) >= vectorBytes {
		return c.Write(ctx, m.op, payload)
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := c.admit(ctx, len(m.frame)); err != nil {
		return err
	}
	h := codec.Header{Fin: true, Opcode: m.op, Length: uint64(len(payload))}
	if err := w.check(&h); err != nil {
		return err
	}
	w.pending = room(w.pending, len(m.frame))
	w.pending.B = append(w.pending.B, m.frame...)
	c.noteSent(m.op, len(payload))
	return c.leave(ctx)
}
