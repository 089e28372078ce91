package load

import (
	"errors"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// echoes returns the frames that answer messages 0 to n-1 of a connection.
func echoes(w *window, n int) (frames [][]byte) {
	for m := range int64(n) {
		frames = append(frames, frame(w.Script.Opcode, true, w.Payload(m)))
	}
	return frames
}

func frame(op codec.Opcode, fin bool, p []byte) []byte {
	return codec.AppendFrame(nil, codec.Header{Opcode: op, Fin: fin}, p)
}

// corrupt returns p with its last byte changed.
func corrupt(p []byte) []byte {
	p = slices.Clone(p)
	p[len(p)-1] ^= 1
	return p
}

// Whatever a server sends, and in whatever pieces it comes, each fault is counted
// once and everything else as an echo.
func TestWindow(t *testing.T) {
	const n = 10
	closing, err := codec.AppendClose(nil, codec.StatusGoingAway, "bye")
	if err != nil {
		t.Fatal(err)
	}
	type counted map[fault]int64
	for _, tt := range []struct {
		name     string
		change   func(w *window, e [][]byte) [][]byte
		messages int64 // as they should be
		faults   counted
		fails    error
	}{
		{name: "as sent", change: func(w *window, e [][]byte) [][]byte { return e }, messages: n},
		{name: "a Ping in front", change: func(w *window, e [][]byte) [][]byte {
			return slices.Insert(e, 0, frame(codec.OpPing, true, []byte("are you there?")))
		}, messages: n},
		{name: "fragments with a Ping between them", change: func(w *window, e [][]byte) [][]byte {
			p := w.Payload(4)
			return slices.Replace(e, 4, 5, frame(codec.OpText, false, p[:3]), frame(codec.OpContinuation, false, nil),
				frame(codec.OpPing, true, nil), frame(codec.OpContinuation, true, p[3:]))
		}, messages: n},
		{name: "a Pong that nobody asked for", change: func(w *window, e [][]byte) [][]byte {
			return slices.Insert(e, 7, frame(codec.OpPong, true, nil))
		}, messages: n},
		{name: "a wrong byte", change: func(w *window, e [][]byte) [][]byte {
			e[3] = corrupt(e[3])
			return e
		}, messages: n - 1, faults: counted{wrongContent: 1}},
		{name: "two wrong bytes in a row", change: func(w *window, e [][]byte) [][]byte {
			e[0], e[1] = corrupt(e[0]), corrupt(e[1])
			return e
		}, messages: n - 2, faults: counted{wrongContent: 2}},
		{name: "cut short", change: func(w *window, e [][]byte) [][]byte {
			e[9] = frame(codec.OpText, true, w.Payload(9)[:5])
			return e
		}, messages: n - 1, faults: counted{wrongContent: 1}},
		{name: "wrong type", change: func(w *window, e [][]byte) [][]byte {
			e[5] = frame(codec.OpBinary, true, w.Payload(5))
			return e
		}, messages: n - 1, faults: counted{wrongType: 1}},
		{name: "one missing", change: func(w *window, e [][]byte) [][]byte {
			return slices.Delete(e, 2, 3)
		}, messages: n - 1, faults: counted{lost: 1}},
		{name: "the last missing", change: func(w *window, e [][]byte) [][]byte {
			return e[:n-1]
		}, messages: n - 1, faults: counted{lost: 1}},
		{name: "two exchanged", change: func(w *window, e [][]byte) [][]byte {
			e[6], e[7] = e[7], e[6]
			return e
		}, messages: n, faults: counted{outOfOrder: 1}},
		{name: "one twice", change: func(w *window, e [][]byte) [][]byte {
			return slices.Insert(e, 4, e[3])
		}, messages: n, faults: counted{repeated: 1}},
		{name: "the last twice", change: func(w *window, e [][]byte) [][]byte {
			return append(e, e[n-1])
		}, messages: n, faults: counted{repeated: 1}},
		{name: "one not asked for", change: func(w *window, e [][]byte) [][]byte {
			return append(e, frame(codec.OpText, true, []byte("hello")))
		}, messages: n, faults: counted{unasked: 1}},
		{name: "one that will be sent only later", change: func(w *window, e [][]byte) [][]byte {
			return append(e, frame(codec.OpText, true, w.Payload(n)))
		}, messages: n, faults: counted{unasked: 1}},
		{name: "masked", change: func(w *window, e [][]byte) [][]byte {
			e[1] = codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpText, Masked: true}, w.Payload(1))
			return e
		}, messages: 1, faults: counted{lost: n - 1}, fails: codec.ErrMasked},
		{name: "closed", change: func(w *window, e [][]byte) [][]byte {
			return slices.Insert(e, 8, frame(codec.OpClose, true, closing))
		}, messages: 8, faults: counted{lost: 2}, fails: &loadgen.Closed{Code: codec.StatusGoingAway, Reason: "bye"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 1, 2, 7, 100} {
				tally := newTally(newTimeline(0))
				w := newWindow(3, newScript(codec.OpText, sizes{20, 200}, 16), 16, tally)
				for range n {
					w.send(0, 0)
				}
				var err error
				for p := range slices.Chunk(slices.Concat(tt.change(&w, echoes(&w, n))...), piece) {
					tally.now++
					if err = w.Feed(p, &w); err != nil {
						break
					}
				}
				w.giveUp()
				got := counted{}
				for kind, f := range tally.faults {
					got[kind] = f.Count
				}
				if tally.counts.messages != tt.messages || !equalCounts(got, tt.faults) || !sameError(err, tt.fails) {
					t.Errorf("in pieces of %d bytes: %d messages, faults %v, error %v, want %d, %v, %v",
						piece, tally.counts.messages, tally.faults.list(), err, tt.messages, tt.faults, tt.fails)
				}
			}
		})
	}
}

// An echo that comes after it was given up counts neither as one nor as a fault: it is lost
// already. One that had come before is repeated.
func TestWindowAfterGiveUp(t *testing.T) {
	const n, came = 10, 4
	tally := newTally(newTimeline(0))
	w := newWindow(3, newScript(codec.OpText, sizes{20, 200}, 16), 16, tally)
	for range n {
		w.send(0, 0)
	}
	all := echoes(&w, n)
	if err := w.Feed(slices.Concat(all[:came]...), &w); err != nil {
		t.Fatal(err)
	}
	w.giveUp()
	if err := w.Feed(slices.Concat(all[1:]...), &w); err != nil {
		t.Fatal(err)
	}
	if tally.counts.messages != came || tally.faults[lost].Count != n-came || tally.faults[repeated].Count != came-1 || len(tally.faults) != 2 {
		t.Errorf("%d messages, faults %v, want %d, %d lost and %d repeated", tally.counts.messages, tally.faults.list(), came, n-came, came-1)
	}
}

func equalCounts(a, b map[fault]int64) bool {
	if len(a) != len(b) {
		return false
	}
	for kind, n := range a {
		if b[kind] != n {
			return false
		}
	}
	return true
}

func sameError(got, want error) bool {
	if want, ok := errors.AsType[*loadgen.Closed](want); ok {
		got, ok := errors.AsType[*loadgen.Closed](got)
		return ok && *got == *want
	}
	return errors.Is(got, want)
}

// To send and to count the common echo allocates nothing.
func TestWindowAllocatesNothing(t *testing.T) {
	const depth = 32
	tally := newTally(newTimeline(0))
	w := newWindow(0, newScript(codec.OpText, sizes{100, 150}, depth), depth, tally)
	in := make([]byte, 0, 1<<16)
	allocs := testing.AllocsPerRun(1000, func() {
		in = in[:0]
		for range depth {
			i := w.Place(w.Sent)
			in = append(in, w.Script.Echoed(i, i+1)...)
			w.send(1, 1)
		}
		if err := w.Feed(in, &w); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 || w.InFlight() != 0 || len(tally.faults) != 0 {
		t.Errorf("%d echoes cost %v allocations, %d are in flight, faults %v, want none", depth, allocs, w.InFlight(), tally.faults.list())
	}
}
