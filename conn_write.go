package websocket

import (
	"context"
	"fmt"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/pool"
)

// This file puts messages into the outbox; conn_send.go sends it.

// batchBytes is session.VectorBytes where the reply can be sent with others.
const batchBytes = 32 << 10

// Write sends a message of type OpText, which has to be UTF-8, or OpBinary. It
// may be called from any number of goroutines; each message goes out whole. p is
// not changed, and not retained.
//
// Write returns when the message is in the socket, or behind what another goroutine is
// writing at this moment, or delayed for at most Options.FlushDelay while further
// received messages wait to be read. An error of the network that comes later is
// reported by the next call, and by reads.
//
// While the peer takes nothing, Write does as Options.Overflow says. If it waits
// and ctx ends, Write returns ctx.Err(): nothing of the message was sent, or the
// library sends what is left of it; in any case the connection is whole. If ctx has
// ended before, Write does nothing and returns ctx.Err(). A peer that takes nothing for
// Options.WriteTimeout loses the connection. After Close, Write returns ErrClosed.
//
// Only TCP and Unix sockets can be left while they send: over TLS a Write that is
// sending for all minds WriteTimeout, and not ctx.
func (c *Conn) Write(ctx context.Context, op Opcode, p []byte) error {
	if c.out.compression.Wants(len(p)) && op.IsData() {
		return c.writeCompressed(ctx, op, p)
	}
	return c.WriteUncompressed(ctx, op, p)
}

// WriteUncompressed is Write for a message that is not to be compressed, where others
// are: because it holds a secret (see Compression), or is compressed already.
func (c *Conn) WriteUncompressed(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	delayed := w.delay.Open()
	if c.role == RoleServer && len(p) < copyBelow(delayed) && w.Ready() && w.Message(op, p, delayed) {
		c.noteSent(op, len(p))
		return c.dispatch(ctx)
	}
	return c.writeFrame(ctx, codec.Header{Fin: true, Opcode: op}, p, len(p))
}

// writeCompressed is Write for a message that is large enough to be compressed.
func (c *Conn) writeCompressed(ctx context.Context, op Opcode, p []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &c.out
	if w.compression.TakesOver() {
		w.mu.Lock()
		defer c.unlock()
		if err := c.enqueue(ctx, op, p); err != nil {
			return err
		}
		return c.dispatch(ctx)
	}
	packed := w.compression.Pack(p) // without the lock: messages do not refer to each other
	if packed == nil {
		return c.WriteUncompressed(ctx, op, p)
	}
	defer pool.Put(packed)
	w.mu.Lock()
	defer c.unlock()
	return c.writeFrame(ctx, codec.Header{Fin: true, Opcode: op, RSV: codec.RSV1}, packed.B, len(p))
}

// writeFrame sends a message of n bytes as one frame with the payload p.
func (c *Conn) writeFrame(ctx context.Context, h codec.Header, p []byte, n int) error {
	if len(p) >= copyBelow(c.out.delay.Open()) && c.sendsInPlace() {
		return c.writeInPlace(ctx, h, p, n)
	}
	if err := c.append(ctx, h, p); err != nil {
		return err
	}
	c.noteSent(h.Opcode, n)
	return c.dispatch(ctx)
}

// copyBelow is the size below which a payload is copied to the outbox.
func copyBelow(delayed bool) int {
	if delayed {
		return batchBytes
	}
	return session.VectorBytes
}

// sendsInPlace reports whether large payloads can be sent from where they are: a
// client's have to be masked, and where writes must not wait the caller would
// have its slice back too early.
func (c *Conn) sendsInPlace() bool {
	return c.role == RoleServer && c.settings.Overflow == Block && c.transport.Vectored()
}

// writeInPlace sends a frame whose payload stays where it is, in one system call
// with the outbox before it. The message has n bytes.
func (c *Conn) writeInPlace(ctx context.Context, h codec.Header, p []byte, n int) error {
	w := &c.out
	for w.Sending() || w.Streaming {
		if err := w.waitTurn(ctx); err != nil {
			return err
		}
	}
	h.Length = uint64(len(p))
	if err := c.refused(w.Check(&h)); err != nil {
		return err
	}
	c.noteSent(h.Opcode, n)
	w.flushed()
	if err := c.sendBatch(ctx, w.Take(h, p), true); err != nil {
		return err
	}
	return c.flushLocked(ctx)
}

// append puts a data frame into the outbox as soon as it may be.
func (c *Conn) append(ctx context.Context, h codec.Header, p []byte) error {
	if err := c.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	return c.refused(c.out.Append(h, p))
}

// enqueue puts a message into the outbox, compressed in the order of sending if it is
// large enough.
func (c *Conn) enqueue(ctx context.Context, op Opcode, p []byte) error {
	h, payload := codec.Header{Fin: true, Opcode: op}, p
	if err := c.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	if z := c.out.compression; z.Wants(len(p)) && c.out.Err() == nil {
		if packed := z.PackNext(p); packed != nil {
			defer pool.Put(packed)
			h.RSV, payload = codec.RSV1, packed.B
		}
	}
	if err := c.refused(c.out.Append(h, payload)); err != nil {
		return err
	}
	c.noteSent(op, len(p))
	return nil
}

// admit waits until a data frame of n bytes may be put into the outbox, or refuses it,
// as Options.Overflow says.
func (c *Conn) admit(ctx context.Context, n int) error {
	w := &c.out
	for {
		switch w.Admit(n, c.settings.MaxPending, session.Policy(c.settings.Overflow)) {
		case session.MustWait:
			if err := w.waitTurn(ctx); err != nil {
				return err
			}
		case session.Refused:
			return ErrOverflow
		case session.MustEnd:
			w.fail(ErrOverflow)
			return ErrOverflow
		default:
			return nil
		}
	}
}

// refused returns err, for which the Sender refused a frame, as callers get it.
func (c *Conn) refused(err error) error {
	switch {
	case err == nil || err == c.out.Err():
		return err
	case err == codec.ErrAfterClose:
		return ErrClosed
	}
	return fmt.Errorf("websocket: %w", err)
}

func (c *Conn) noteSent(op Opcode, n int) {
	if c.settings.IdleTimeout > 0 {
		c.out.need().message = instant.Now()
	}
	if c.settings.Hooks.Sent != nil {
		c.settings.Hooks.Sent(c, op, n)
	}
}
