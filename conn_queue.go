package websocket

import (
	"context"
)

// queueBytes is the number of pending bytes at which Queue sends them.
const queueBytes = 64 << 10

// Queue adds a message to the send queue without sending it. The message is sent with
// the next [Conn.Write] or [Conn.Flush], or when 64 KiB are pending. It is for messages
// that are produced one by one and sent together. Parameters and errors are those of
// [Conn.Write].
func (c *Conn) Queue(ctx context.Context, op Opcode, p []byte) error {
	if err := mayWrite(ctx, op); err != nil {
		return err
	}
	w := &c.out
	w.mu.Lock()
	defer w.unlock()
	if err := w.enqueue(ctx, op, p); err != nil {
		return err
	}
	if w.Size() < queueBytes {
		w.delay.Leave()
		return nil
	}
	return w.flushLocked(ctx)
}

// Flush sends all pending messages, and returns when they have been passed to the
// operating system. If ctx ends first, Flush returns ctx.Err(), and the library sends
// the rest. Other errors are those of [Conn.Write].
func (c *Conn) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.out.flushAll(ctx)
}

// flushAll implements Flush, also for a ctx that has ended.
func (w *sending) flushAll(ctx context.Context) error {
	w.mu.Lock()
	defer w.unlock()
	for {
		if err := w.flushLocked(ctx); err != nil {
			return err
		}
		if !w.Sending() && w.Size() == 0 {
			return nil
		}
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
}

// Pending returns the number of bytes that wait to be sent. It does not count bytes that
// are being sent.
func (c *Conn) Pending() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.Size()
}
