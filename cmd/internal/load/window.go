package load

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// window is what a connection has sent and waits for, and its Judge. Message m is the
// m-th that the connection sends.
//
// missing are those that a later one has overtaken; they count as answered.
type window struct {
	loadgen.Stream
	number int      // of the connection, for messages about it
	depth  int      // messages in flight at most
	own    [][]byte // messages of one's own, in place of the script's: m at m mod len, a power of two; or nil
	tally  *tally

	since   []int64 // when the latency of message m begins: at m mod len, a power of two
	missing []overtaken
	late    int64 // messages from this one on were given up, and count for nothing if they come
	heard   int64 // when an echo came last, or the first of those in flight was sent
}

type overtaken struct{ message, since int64 }

func newWindow(number int, s *loadgen.Script, depth int, t *tally) window {
	slots := 1
	for slots < depth {
		slots *= 2
	}
	w := window{number: number, depth: depth, tally: t, since: make([]int64, slots), late: math.MaxInt64}
	w.Init(s.Largest()+64<<10, false)
	// The golden ratio spreads any number of connections over the script.
	w.Begin(s, int(uint64(number)*0x9E3779B97F4A7C15>>32)&(s.Len()-1))
	return w
}

func (w *window) slot(m int64) *int64       { return &w.since[m&int64(len(w.since)-1)] }
func (w *window) silent(now, d int64) bool  { return w.Sent > w.Next && now-w.heard > d }
func (w *window) is(m int64, p []byte) bool { return bytes.Equal(p, w.payload(m)) }
func (w *window) slotOf(m int64) *[]byte    { return &w.own[m&int64(len(w.own)-1)] }

// payload returns the payload of message m.
func (w *window) payload(m int64) []byte {
	if w.own != nil {
		return *w.slotOf(m)
	}
	return w.Payload(m)
}

// send notes that a message leaves at now and that its latency begins at since.
func (w *window) send(now, since int64) {
	if w.Sent == w.Next {
		w.heard = now
	}
	*w.slot(w.Sent) = since
	w.Sent++
}

// Matched counts the next n messages, which came at tally.now as they should. Those
// that were sent together have one latency.
func (w *window) Matched(n int) {
	for first, end := w.Next, w.Next+int64(n); first < end; {
		since, m, payload := *w.slot(first), first, 0
		for ; m < end && *w.slot(m) == since; m++ {
			payload += len(w.Payload(m))
		}
		w.tally.arrived(w.tally.now-since, int(m-first), payload)
		first = m
	}
}

// answered counts message m, which came at tally.now.
func (w *window) answered(m int64) { w.tally.arrived(w.tally.now-*w.slot(m), 1, len(w.payload(m))) }

// arrive judges a message that came at tally.now.
func (w *window) arrive(op codec.Opcode, p []byte) {
	w.heard = w.tally.now
	if w.Sent > w.Next && op == w.Script.Opcode && w.is(w.Next, p) {
		w.answered(w.Next)
		w.Next++
		return
	}
	w.judge(op, p)
}

// Message says what is wrong with a message that is not the next one. It never fails.
func (w *window) Message(op codec.Opcode, _ bool, p []byte) error {
	w.judge(op, p)
	return nil
}

// judge says what is wrong with a message that is not the next one.
func (w *window) judge(op codec.Opcode, p []byte) {
	t := w.tally
	if op != w.Script.Opcode {
		t.faults.add(wrongType, 1, "connection %d, message %d: opcode %d, want %d", w.number, w.Next, op, w.Script.Opcode)
		w.Next = min(w.Next+1, w.Sent)
		return
	}
	for i, m := range w.missing {
		if w.is(m.message, p) {
			t.faults.add(outOfOrder, 1, "connection %d: message %d came when %d was next", w.number, m.message, w.Next)
			t.arrived(t.now-m.since, 1, len(p))
			w.missing = slices.Delete(w.missing, i, i+1)
			return
		}
	}
	for m := w.Next + 1; m < w.Sent; m++ {
		if w.is(m, p) { // those before it are late, or lost
			for ; w.Next < m; w.Next++ {
				w.missing = append(w.missing, overtaken{w.Next, *w.slot(w.Next)})
			}
			w.answered(m)
			w.Next++
			w.forget()
			return
		}
	}
	for m := w.Next - 1; m >= max(0, w.Next-int64(w.depth)-1); m-- {
		if w.is(m, p) {
			if m >= w.late {
				return
			}
			t.faults.add(repeated, 1, "connection %d: message %d came twice", w.number, m)
			return
		}
	}
	if w.Next == w.Sent {
		t.faults.add(unasked, 1, "connection %d: message of %d bytes when none was in flight", w.number, len(p))
		return
	}
	t.faults.add(wrongContent, 1, "connection %d, message %d: %s", w.number, w.Next, difference(p, w.payload(w.Next)))
	w.Next++
}

// forget gives up the missing messages whose bytes the script is about to repeat.
func (w *window) forget() {
	for len(w.missing) > 0 && w.missing[0].message < w.Next-2*int64(w.depth) {
		w.lose(1, w.missing[0].message)
		w.missing = slices.Delete(w.missing, 0, 1)
	}
}

// giveUp counts what has not come as lost.
func (w *window) giveUp() {
	if n := w.Sent - w.Next + int64(len(w.missing)); n > 0 {
		first := w.Next
		if len(w.missing) > 0 {
			first = w.missing[0].message
		}
		w.lose(n, first)
		w.late = first
	}
	w.Next, w.missing = w.Sent, nil
}

func (w *window) lose(n, first int64) {
	w.tally.faults.add(lost, n, "connection %d: message %d never came back", w.number, first)
}

// end counts why the connection ended with messages in flight or before its time,
// and what is lost with it.
func (w *window) end(err error) {
	w.tally.faults.add(kindOf(err), 1, "connection %d, message %d: %v", w.number, w.Next, err)
	w.giveUp()
}

// kindOf returns which fault it is that err has ended a connection.
func kindOf(err error) fault {
	if _, ok := errors.AsType[codec.Violation](err); ok {
		return violation
	}
	if _, ok := errors.AsType[*loadgen.Closed](err); ok {
		return closed
	}
	if e, ok := errors.AsType[*websocket.CloseError](err); ok && e.Err == nil {
		return closed
	}
	return broken
}
