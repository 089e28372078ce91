package websocket

import (
	"context"
	"fmt"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
	"github.com/zerowire/websocket/pool"
)

// This file adds messages to the outbox; conn_send.go sends it.

// batchBytes takes the place of session.VectorBytes while replies are delayed.
const batchBytes = 32 << 10

// Write sends a message. op is OpText, for which p must be valid UTF-8, or OpBinary. p
// is neither modified nor retained. Write may be called concurrently; each message is
// sent whole.
//
// Write returns after the message was passed to the operating system, or was queued
// after what another goroutine is writing, or was delayed for at most
// Options.FlushDelay because further received messages wait to be read. The next call,
// and reads, report network errors that occur later.
//
// While the peer takes nothing, Options.Overflow selects what Write does. If it waits
// and ctx ends, Write returns ctx.Err(). Then nothing of the message was sent, or the
// library sends the rest of it; the connection stays usable. If ctx has already ended,
// Write does nothing and returns ctx.Err(). A connection whose peer takes nothing for
// Options.WriteTimeout is closed. After Close, Write returns [ErrClosed].
//
// Over TLS, ctx does not interrupt a Write that is sending; WriteTimeout limits it. On
// TCP and Unix sockets ctx does.
func (c *Conn) Write(ctx context.Context, op Opcode, p []byte) error {
	if c.out.compression.Wants(len(p)) && op.IsData() {
		return c.writeCompressed(ctx, op, p)
	}
	return c.WriteUncompressed(ctx, op, p)
}

// WriteUncompressed is [Conn.Write] without compression. Use it for messages that hold
// secrets (see [Compression]), or that are compressed already.
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
	packed := w.compression.Pack(p) // not under the lock: messages do not refer to each other
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

// sendsInPlace reports whether large payloads can be sent without copying them. A
// client has to mask them. Where writes must not wait, the caller may reuse its slice
// too early.
func (c *Conn) sendsInPlace() bool {
	return c.role == RoleServer && c.settings.Overflow == Block && c.transport.Vectored()
}

// writeInPlace sends a frame without copying its payload, in one system call with the
// outbox before it. The message has n bytes.
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

// append adds a data frame to the outbox as soon as that is allowed.
func (c *Conn) append(ctx context.Context, h codec.Header, p []byte) error {
	if err := c.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	return c.refused(c.out.Append(h, p))
}

// enqueue adds a message to the outbox. It compresses large messages in the order of
// sending.
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

// admit waits until a data frame of n bytes may be added to the outbox, or refuses it,
// as Options.Overflow selects.
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

// refused converts err, with which the Sender refused a frame, to the error for
// callers.
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
