package websocket

import (
	"context"
)

// admit waits until a data frame of n bytes may be put into pending, or makes
// room for it, or refuses it, as Options.Overflow says.
func (c *Conn) admit(ctx context.Context, n int) error {
	w := &c.out
	for w.streaming || c.settings.Overflow == Block && c.full() {
		if err := w.waitTurn(ctx); err != nil {
			return err
		}
	}
	if !c.full() {
		return nil
	}
	switch c.settings.Overflow {
	case DropOldest:
		dropOldest(w.pending, size(w.pending)+n-c.settings.MaxPending)
	case DropNewest:
		return ErrOverflow
	case Disconnect:
		w.fail(ErrOverflow)
		c.socket.reset()
		return w.err
	}
	return nil
}

// full reports whether more waits to be sent than may, because the peer takes
// nothing.
func (c *Conn) full() bool {
	return c.out.sending != nil && c.settings.MaxPending > 0 && size(c.out.pending) >= c.settings.MaxPending
}

// Queue is Write without sending: the message leaves with the next Write or
// Flush, or when much is pending. It is for messages that are made one by one
// and shall leave together.
func (c *Conn) Queue(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := c.enqueue(ctx, op, p); err != nil {
		return err
	}
	if size(w.pending) < pendingBytes {
		w.held.Store(true)
		return nil
	}
	return c.flushLocked(ctx)
}

// pendingBytes is how much Queue lets wait.
const pendingBytes = 64 << 10

// Flush sends what is pending and returns when all of it is in the socket: the
// peer has caught up. If ctx ends first, Flush returns ctx.Err(), and what is
// left is sent nevertheless.
func (c *Conn) Flush(ctx context.Context) error {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if err := c.flushLocked(ctx); err != nil {
			return err
		}
		if w.sending == nil && w.pending == nil {
			return nil
		}
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
}

// Pending returns how many bytes wait to be sent, without those that somebody
// is sending at this moment.
func (c *Conn) Pending() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return size(c.out.pending)
}
