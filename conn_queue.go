package websocket

import (
	"context"
)

// queueBytes is how much Queue lets wait.
const queueBytes = 64 << 10

// Queue is Write without sending: the message is sent with the next Write or
// Flush, or when much is pending. It is for messages that are made one by one
// and are sent together.
func (c *Conn) Queue(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	if err := c.enqueue(ctx, op, p); err != nil {
		return err
	}
	if w.Size() < queueBytes {
		w.delay.Leave()
		return nil
	}
	return c.flushLocked(ctx)
}

// Flush sends what is pending and returns when all of it is in the socket: the
// peer has caught up. If ctx ends first, Flush returns ctx.Err(), and what is
// left is sent nevertheless.
func (c *Conn) Flush(ctx context.Context) error {
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	for {
		if err := c.flushLocked(ctx); err != nil {
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

// Pending returns how many bytes wait to be sent, without those that are being sent at
// this moment.
func (c *Conn) Pending() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.Size()
}
