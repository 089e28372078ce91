package websocket

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/session"
)

// TryWritePrepared writes prepared messages without blocking, for a caller that writes
// to many connections. It sends the first messages of ms for which the peer has room,
// several with one system call, and returns their number. The last of them may have
// been sent in part: the library sends the rest.
//
// n is less than len(ms), and err is nil, while the peer takes nothing, while another
// goroutine is sending, or while a [Conn.Writer] is open. [Conn.Flush] waits for the
// first two. Options.Overflow and Options.FlushDelay do not apply. Messages that are
// queued are sent before ms. TLS and other transports do not report whether they have
// room. There a separate goroutine sends the n messages. Errors are those of
// [Conn.Write].
func (c *Conn) TryWritePrepared(ms ...*Prepared) (n int, err error) {
	w := &c.out
	w.mu.Lock()
	defer w.unlock()
	for n < len(ms) && !w.Sending() && !w.Streaming {
		taken, err := w.offer(ms[n:])
		n += taken
		if err != nil {
			return n, err
		}
	}
	if !w.Sending() {
		w.flushLocked(offhand) // what other goroutines queued during the send
	}
	return n, w.Err()
}

// offer sends the first messages of ms after the pending frames, without blocking, and
// returns their number.
func (w *sending) offer(ms []*Prepared) (n int, err error) {
	if w.Encoder.Role == RoleServer && (len(ms) == 1 || ms[0].Size() >= session.VectorBytes) {
		return w.offerInPlace(ms[0])
	}
	for n < len(ms) && w.Size() < queueBytes {
		m := ms[n]
		f := w.formOf(m)
		if err := w.refused(w.Append(codec.Header{Fin: true, RSV: f.rsv, Opcode: m.op}, f.payload())); err != nil {
			return n, err
		}
		w.skipped(m, f)
		w.noteSent(m.op, m.Size())
		n++
	}
	w.flushed()
	return n, w.sendAtOnce(w.Take(codec.Header{}, nil))
}

// offerInPlace sends m without copying its frame, because m never changes.
func (w *sending) offerInPlace(m *Prepared) (n int, err error) {
	f := w.formOf(m)
	if err := w.passPrepared(m, f); err != nil {
		return 0, err
	}
	if !w.Empty() {
		w.flushed()
		return 1, w.sendAtOnce(w.TakeWith(f.frame))
	}
	w.BeginOne()
	rest, err := w.trySendOne(f.frame, nil, true)
	if rest == nil {
		return 1, err
	}
	return 1, w.sendAtOnce(rest)
}

// sendAtOnce sends as much of b as possible without blocking, and the rest on another
// goroutine. It releases the lock during the system call.
func (w *sending) sendAtOnce(b *session.Batch) error {
	w.mu.Unlock()
	err := w.transport.TrySend(&b.Rest, true)
	if err == nil && len(b.Rest) > 0 {
		go w.finishSend(b)
		w.mu.Lock()
		return nil
	}
	w.mu.Lock()
	w.sent(err)
	return w.Err()
}
