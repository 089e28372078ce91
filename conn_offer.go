package websocket

import "github.com/zerowire/websocket/codec"

// TryWritePrepared is WritePrepared for whoever has many connections to write to,
// and must not wait for one: it writes the first messages of ms that the peer has
// room for, several with one system call, and returns how many those are. The last
// of them may be on its way in part: the library sends the rest.
//
// It returns fewer than len(ms), and no error, while the peer takes nothing,
// somebody else is sending, or a Writer is open; Flush waits for the first two.
// Options.Overflow and Options.FlushDelay have no part in it, and messages before the
// n-th are not held back. Over TLS, and any other transport that cannot tell whether
// it has room, a goroutine of its own writes what was taken.
func (c *Conn) TryWritePrepared(ms ...*Prepared) (n int, err error) {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	for n < len(ms) && w.sending == nil && !w.streaming {
		taken, err := c.offer(ms[n:])
		n += taken
		if err != nil {
			return n, err
		}
	}
	if w.sending == nil {
		c.flushLocked(offhand) // what others have queued meanwhile
	}
	return n, w.err
}

// offer sends some of ms behind what is pending, as far as it goes at once.
func (c *Conn) offer(ms []*Prepared) (n int, err error) {
	if c.role == RoleServer && (len(ms) == 1 || ms[0].Size() >= vectorBytes) {
		return c.offerInPlace(ms[0])
	}
	for n < len(ms) && size(c.out.pending) < pendingBytes {
		m := ms[n]
		f := c.formOf(m)
		if err := c.out.append(codec.Header{Fin: true, RSV: f.rsv, Opcode: m.op}, f.payload()); err != nil {
			return n, err
		}
		c.skipped(m, f)
		c.noteSent(m.op, m.Size())
		n++
	}
	return n, c.sendAtOnce(c.out.gather(codec.Header{}, nil))
}

// offerInPlace sends a frame from where it is: m never changes.
func (c *Conn) offerInPlace(m *Prepared) (n int, err error) {
	w := &c.out
	f := c.formOf(m)
	if err := c.passPrepared(m, f); err != nil {
		return 0, err
	}
	if w.empty() {
		left, err := c.trySendOne(f.frame, nil, true)
		if left == nil {
			return 1, err
		}
		return 1, c.sendAtOnce(left)
	}
	s := w.gather(codec.Header{}, nil)
	s.rest = append(s.rest, f.frame)
	return 1, c.sendAtOnce(s)
}

// sendAtOnce sends as much of s as goes without waiting, and leaves the rest to a
// goroutine. Meanwhile it gives up the lock.
func (c *Conn) sendAtOnce(s *sending) error {
	w := &c.out
	w.stopHolding()
	w.sending = s
	w.mu.Unlock()
	err := c.socket.trySend(&s.rest, true)
	if err == nil && len(s.rest) > 0 {
		go c.finishSend()
		w.mu.Lock()
		return nil
	}
	w.mu.Lock()
	c.sent(err)
	return w.err
}
