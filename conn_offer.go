package websocket

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/session"
)

// TryWritePrepared is WritePrepared for a caller that has many connections to write to,
// and must not wait for one: it writes the first messages of ms that the peer has
// room for, several with one system call, and returns how many those are. The last
// of them may be on its way in part: the library sends the rest.
//
// It returns fewer than len(ms), and no error, while the peer takes nothing,
// another goroutine is sending, or a Writer is open; Flush waits for the first two.
// Options.Overflow and Options.FlushDelay have no part in it, and messages before the
// n-th are not delayed. Over TLS, and any other transport that cannot tell whether
// it has room, a goroutine of its own writes what was taken.
func (c *Conn) TryWritePrepared(ms ...*Prepared) (n int, err error) {
	w := &c.out
	w.mu.Lock()
	defer c.unlock()
	for n < len(ms) && !w.Sending() && !w.Streaming {
		taken, err := c.offer(ms[n:])
		n += taken
		if err != nil {
			return n, err
		}
	}
	if !w.Sending() {
		c.flushLocked(offhand) // what others have queued meanwhile
	}
	return n, w.Err()
}

// offer sends some of ms behind what is pending, as far as it goes at once.
func (c *Conn) offer(ms []*Prepared) (n int, err error) {
	w := &c.out
	if c.role == RoleServer && (len(ms) == 1 || ms[0].Size() >= session.VectorBytes) {
		return c.offerInPlace(ms[0])
	}
	for n < len(ms) && w.Size() < queueBytes {
		m := ms[n]
		f := c.formOf(m)
		if err := c.refused(w.Append(codec.Header{Fin: true, RSV: f.rsv, Opcode: m.op}, f.payload())); err != nil {
			return n, err
		}
		c.skipped(m, f)
		c.noteSent(m.op, m.Size())
		n++
	}
	w.flushed()
	return n, c.sendAtOnce(w.Take(codec.Header{}, nil))
}

// offerInPlace sends a frame from where it is: m never changes.
func (c *Conn) offerInPlace(m *Prepared) (n int, err error) {
	w := &c.out
	f := c.formOf(m)
	if err := c.passPrepared(m, f); err != nil {
		return 0, err
	}
	if !w.Empty() {
		w.flushed()
		return 1, c.sendAtOnce(w.TakeWith(f.frame))
	}
	w.BeginOne()
	rest, err := c.trySendOne(f.frame, nil, true)
	if rest == nil {
		return 1, err
	}
	return 1, c.sendAtOnce(rest)
}

// sendAtOnce sends as much of b as goes without waiting, and the rest on a goroutine.
// Meanwhile it gives up the lock.
func (c *Conn) sendAtOnce(b *session.Batch) error {
	w := &c.out
	w.mu.Unlock()
	err := c.transport.TrySend(&b.Rest, true)
	if err == nil && len(b.Rest) > 0 {
		go c.finishSend(b)
		w.mu.Lock()
		return nil
	}
	w.mu.Lock()
	c.sent(err)
	return w.Err()
}
