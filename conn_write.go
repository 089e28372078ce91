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

// batchBytes replaces session.VectorBytes while replies are delayed.
const batchBytes = 32 << 10

// Write sends a message. op is OpText, for which p must be valid UTF-8, or OpBinary. p
// is neither modified nor retained. Write may be called concurrently; each message is
// sent whole.
//
// Write returns after the message was passed to the operating system, or was queued
// after what another goroutine is writing, or was delayed for at most
// Options.FlushDelay because further received messages wait to be read or are arriving.
// The next call, and reads, report network errors that occur later.
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
	if err := mayWrite(ctx, op); err != nil {
		return err
	}
	if c.out.compression.Wants(len(p)) {
		return c.out.writeCompressed(ctx, op, p)
	}
	return c.out.write(ctx, op, p)
}

// WriteUncompressed is [Conn.Write] without compression. Use it for messages that hold
// secrets (see [Compression]), or that are compressed already.
func (c *Conn) WriteUncompressed(ctx context.Context, op Opcode, p []byte) error {
	if err := mayWrite(ctx, op); err != nil {
		return err
	}
	return c.out.write(ctx, op, p)
}

// mayWrite returns the error of a write that has an invalid op, or a ctx that has ended.
func mayWrite(ctx context.Context, op Opcode) error {
	if !op.IsData() {
		return ErrMessageType
	}
	return ctx.Err()
}

// write sends a message uncompressed.
func (w *sending) write(ctx context.Context, op Opcode, p []byte) error {
	w.mu.Lock()
	defer w.unlock()
	delayed := w.delay.Open()
	if w.Encoder.Role == RoleServer && len(p) < copyBelow(delayed) && w.Ready() && w.Message(op, p, delayed) {
		w.noteSent(op, len(p))
		return w.dispatch(ctx)
	}
	return w.writeFrame(ctx, codec.Header{Fin: true, Opcode: op}, p, len(p))
}

// writeCompressed sends a message that is large enough to be compressed.
func (w *sending) writeCompressed(ctx context.Context, op Opcode, p []byte) error {
	if w.compression.TakesOver() {
		w.mu.Lock()
		defer w.unlock()
		if err := w.enqueue(ctx, op, p); err != nil {
			return err
		}
		return w.dispatch(ctx)
	}
	packed := w.compression.Pack(p) // needs no lock, because messages do not refer to each other
	if packed == nil {
		return w.write(ctx, op, p)
	}
	defer pool.Put(packed)
	w.mu.Lock()
	defer w.unlock()
	return w.writeFrame(ctx, codec.Header{Fin: true, Opcode: op, RSV: codec.RSV1}, packed.B, len(p))
}

// writeFrame sends a message of n bytes as one frame with the payload p.
func (w *sending) writeFrame(ctx context.Context, h codec.Header, p []byte, n int) error {
	if len(p) >= copyBelow(w.delay.Open()) && w.sendsInPlace() {
		return w.writeInPlace(ctx, h, p, n)
	}
	if err := w.append(ctx, h, p); err != nil {
		return err
	}
	w.noteSent(h.Opcode, n)
	return w.dispatch(ctx)
}

// copyBelow returns the size in bytes below which a payload is copied to the outbox.
func copyBelow(delayed bool) int {
	if delayed {
		return batchBytes
	}
	return session.VectorBytes
}

// sendsInPlace reports whether large payloads can be sent without copying them. A client
// has to mask them. If writes do not wait, the caller could modify a payload before it
// is sent.
func (w *sending) sendsInPlace() bool {
	return w.Encoder.Role == RoleServer && w.settings.Overflow == Block && w.transport.Vectored()
}

// writeInPlace sends the outbox and then a frame, in one system call, without copying
// the payload p. The message has n bytes.
func (w *sending) writeInPlace(ctx context.Context, h codec.Header, p []byte, n int) error {
	for w.Sending() || w.Streaming {
		if err := w.waitTurn(ctx); err != nil {
			return err
		}
	}
	h.Length = uint64(len(p))
	if err := w.refused(w.Check(&h)); err != nil {
		return err
	}
	w.noteSent(h.Opcode, n)
	w.flushed()
	if err := w.sendBatch(ctx, w.Take(h, p), true); err != nil {
		return err
	}
	return w.flushLocked(ctx)
}

// append adds a data frame to the outbox as soon as admit allows it.
func (w *sending) append(ctx context.Context, h codec.Header, p []byte) error {
	if err := w.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	return w.refused(w.Append(h, p))
}

// enqueue adds a message to the outbox. It compresses large messages in the order of
// sending.
func (w *sending) enqueue(ctx context.Context, op Opcode, p []byte) error {
	h, payload := codec.Header{Fin: true, Opcode: op}, p
	if err := w.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	if z := w.compression; z.Wants(len(p)) && w.Err() == nil {
		if packed := z.PackNext(p); packed != nil {
			defer pool.Put(packed)
			h.RSV, payload = codec.RSV1, packed.B
		}
	}
	if err := w.refused(w.Append(h, payload)); err != nil {
		return err
	}
	w.noteSent(op, len(p))
	return nil
}

// admit waits until a data frame of n bytes may be added to the outbox, or refuses it,
// as Options.Overflow selects.
func (w *sending) admit(ctx context.Context, n int) error {
	for {
		switch w.Admit(n, w.settings.MaxPending, session.Policy(w.settings.Overflow)) {
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

// refused converts err, for which the Sender refused a frame, to the error for callers.
func (w *sending) refused(err error) error {
	switch {
	case err == nil || err == w.Err():
		return err
	case err == codec.ErrAfterClose:
		return ErrClosed
	}
	return fmt.Errorf("websocket: %w", err)
}

func (w *sending) noteSent(op Opcode, n int) {
	if w.settings.IdleTimeout > 0 {
		w.need().message = instant.Now()
	}
	if w.settings.Hooks.Sent != nil {
		w.settings.Hooks.Sent(w.conn, op, n)
	}
}
