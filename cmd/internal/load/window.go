package load

import (
	"bytes"
	"errors"
	"slices"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// window is what a connection has sent and waits for. Message m is the script's
// message (base + m) mod count, and the m-th that the connection sends.
//
//	… answered | next: in flight | sent: not yet sent …
//
// missing are those that a later one has overtaken; they count as answered.
type window struct {
	number int // of the connection, for messages about it
	script *script
	base   int
	depth  int // messages in flight at most

	next, sent int64
	since      []int64 // when the latency of message m begins: at m mod len, a power of two
	missing    []overtaken
	heard      int64 // when an echo came last, or the first of those in flight was sent
}

type overtaken struct{ message, since int64 }

func newWindow(number int, s *script, depth int) window {
	slots := 1
	for slots < depth {
		slots *= 2
	}
	// The golden ratio spreads any number of connections over the script.
	base := int(uint64(number)*0x9E3779B97F4A7C15>>32) & (s.count - 1)
	return window{number: number, script: s, base: base, depth: depth, since: make([]int64, slots)}
}

func (w *window) id() int                    { return w.number }
func (w *window) place(m int64) int          { return (w.base + int(m)) & (w.script.count - 1) }
func (w *window) payload(m int64) []byte     { return w.script.payload(w.place(m)) }
func (w *window) slot(m int64) *int64        { return &w.since[m&int64(len(w.since)-1)] }
func (w *window) inFlight() int              { return int(w.sent - w.next) }
func (w *window) silent(now, d int64) bool   { return w.sent > w.next && now-w.heard > d }
func (w *window) is(m int64, p []byte) bool  { return bytes.Equal(p, w.payload(m)) }
func (w *window) answered(m int64, t *tally) { t.arrived(t.now-*w.slot(m), 1, len(w.payload(m))) }

// send notes that a message leaves at now and that its latency begins at since.
func (w *window) send(now, since int64) {
	if w.sent == w.next {
		w.heard = now
	}
	*w.slot(w.sent) = since
	w.sent++
}

// arrive judges a message that came at t.now.
func (w *window) arrive(op codec.Opcode, p []byte, t *tally) {
	w.heard = t.now
	if w.sent > w.next && op == w.script.opcode && w.is(w.next, p) {
		w.answered(w.next, t)
		w.next++
		return
	}
	w.judge(op, p, t)
}

// judge says what is wrong with a message that is not the next one.
func (w *window) judge(op codec.Opcode, p []byte, t *tally) {
	if op != w.script.opcode {
		t.faults.add(wrongType, 1, "connection %d, message %d: opcode %d, want %d", w.number, w.next, op, w.script.opcode)
		w.next = min(w.next+1, w.sent)
		return
	}
	for i, m := range w.missing {
		if w.is(m.message, p) {
			t.faults.add(outOfOrder, 1, "connection %d: message %d came when %d was next", w.number, m.message, w.next)
			t.arrived(t.now-m.since, 1, len(p))
			w.missing = slices.Delete(w.missing, i, i+1)
			return
		}
	}
	for m := w.next + 1; m < w.sent; m++ {
		if w.is(m, p) { // those before it are late, or lost
			for ; w.next < m; w.next++ {
				w.missing = append(w.missing, overtaken{w.next, *w.slot(w.next)})
			}
			w.answered(m, t)
			w.next++
			w.forget(t)
			return
		}
	}
	for m := w.next - 1; m >= max(0, w.next-int64(w.depth)-1); m-- {
		if w.is(m, p) {
			t.faults.add(repeated, 1, "connection %d: message %d came twice", w.number, m)
			return
		}
	}
	if w.next == w.sent {
		t.faults.add(unasked, 1, "connection %d: message of %d bytes when none was in flight", w.number, len(p))
		return
	}
	t.faults.add(wrongContent, 1, "connection %d, message %d: %s", w.number, w.next, difference(p, w.payload(w.next)))
	w.next++
}

// forget gives up the missing messages whose bytes the script is about to repeat.
func (w *window) forget(t *tally) {
	for len(w.missing) > 0 && w.missing[0].message < w.next-2*int64(w.depth) {
		w.lose(1, w.missing[0].message, t)
		w.missing = slices.Delete(w.missing, 0, 1)
	}
}

// giveUp counts what has not come as lost.
func (w *window) giveUp(t *tally) {
	if n := w.sent - w.next + int64(len(w.missing)); n > 0 {
		first := w.next
		if len(w.missing) > 0 {
			first = w.missing[0].message
		}
		w.lose(n, first, t)
	}
	w.next, w.missing = w.sent, nil
}

func (w *window) lose(n, first int64, t *tally) {
	t.faults.add(lost, n, "connection %d: message %d never came back", w.number, first)
}

// end counts why the connection ended with messages in flight or before its time,
// and what is lost with it.
func (w *window) end(err error, t *tally) {
	t.faults.add(kindOf(err), 1, "connection %d, message %d: %v", w.number, w.next, err)
	w.giveUp(t)
}

// kindOf returns which fault it is that err has ended a connection.
func kindOf(err error) fault {
	if _, ok := errors.AsType[codec.Violation](err); ok {
		return violation
	}
	if e, ok := errors.AsType[*websocket.CloseError](err); ok && e.Err == nil {
		return closed
	}
	return broken
}
