package session

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

func TestReceiver(t *testing.T) {
	half := string(wstest.TextPayload(5000))
	for _, test := range []struct {
		name   string
		limit  int64
		frames []wstest.Frame
		want   []string
	}{
		{"a message", 0, []wstest.Frame{wstest.Text("hello")}, []string{text("hello")}},
		{"an empty message", 0, []wstest.Frame{wstest.Text(""), wstest.Binary(nil)}, []string{text(""), wstest.Binary(nil).String()}},
		{"fragments", 0, []wstest.Frame{wstest.Text("a").More(), wstest.Continuation("b").More(), wstest.Continuation("c")}, []string{text("abc")}},
		{"empty fragments", 0, []wstest.Frame{wstest.Text("").More(), wstest.Continuation("").More(), wstest.Continuation("")}, []string{text("")}},
		{"a Ping between fragments", 0, []wstest.Frame{wstest.Text("a").More(), wstest.Ping("x"), wstest.Continuation("b")}, []string{wstest.Ping("x").String(), text("ab")}},
		{"nothing behind a Close frame", 0, []wstest.Frame{wstest.Pong("x"), wstest.Close(1000, "bye"), wstest.Text("a")}, []string{wstest.Pong("x").String(), wstest.Close(1000, "bye").String(), codec.ErrAfterClose.Error()}},
		{"large fragments", 0, []wstest.Frame{wstest.Text(half).More(), wstest.Ping("x"), wstest.Continuation(half)}, []string{wstest.Ping("x").String(), text(half + half)}},
		{"messages one behind the other", 0, []wstest.Frame{wstest.Text("a").More(), wstest.Continuation("b"), wstest.Text("c"), wstest.Text("d").More(), wstest.Continuation("e")}, []string{text("ab"), text("c"), text("de")}},
		{"a message of the limit", 5, []wstest.Frame{wstest.Text("hel").More(), wstest.Continuation("lo")}, []string{text("hello")}},
		{"a message above the limit", 5, []wstest.Frame{wstest.Text("hello!")}, []string{codec.ErrMessageTooBig.Error()}},
		{"fragments above the limit", 5, []wstest.Frame{wstest.Text("hel").More(), wstest.Continuation("lo!")}, []string{codec.ErrMessageTooBig.Error()}},
		{"text that is none", 0, []wstest.Frame{wstest.Text("ok"), wstest.Text("\xFF")}, []string{text("ok"), codec.ErrText.Error()}},
		{"text that ends in a code point", 0, []wstest.Frame{wstest.Text("\xC3").More(), wstest.Continuation("")}, []string{codec.ErrText.Error()}},
		{"a code point in two fragments", 0, []wstest.Frame{wstest.Text("\xC3").More(), wstest.Continuation("\xA4")}, []string{text("ä")}},
		{"nothing to continue", 0, []wstest.Frame{wstest.Text("a"), wstest.Continuation("b")}, []string{text("a"), codec.ErrContinuation.Error()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, sizes := range [][]int{nil, {1}, {7}, {2, 4093}} {
				r := newReceiver()
				r.SetLimit(test.limit)
				if got := receive(r, masked(test.frames...), sizes...); !slices.Equal(got, test.want) {
					t.Errorf("in pieces of %d:\n got %q\nwant %q", sizes, got, test.want)
				}
				r.Reset(false)
				if !r.Idle() {
					t.Error("not Idle after Reset")
				}
			}
		})
	}
}

// TestReceiverTake: the common case is taken at once, and nothing else is.
func TestReceiverTake(t *testing.T) {
	for _, test := range []struct {
		name  string
		wire  []byte
		ahead bool // what is received before is read ahead
		ok    bool
	}{
		{"a message", masked(wstest.Text("hello")), false, true},
		{"a part of one", masked(wstest.Text("hello"))[:8], false, false},
		{"a fragment", masked(wstest.Text("hello").More()), false, false},
		{"a Ping", masked(wstest.Ping("hello")), false, false},
		{"a message behind one that was read ahead", masked(wstest.Text("first"), wstest.Text("hello")), true, false},
		{"a violation", masked(wstest.Text("hello").WithRSV(codec.RSV1)), false, false},
		{"nothing", nil, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiver()
			if len(test.wire) > 0 {
				feed(r, test.wire)
			}
			if test.ahead {
				_, f, _ := r.DecodeAhead()
				r.ReadAhead(&f)
			}
			op, p, ok := r.Take()
			if ok != test.ok || ok && (op != codec.OpText || string(p) != "hello") {
				t.Errorf("Take() = %v, %q, %t; want %t", op, p, ok, test.ok)
			}
		})
	}
}

// TestReceiverRoom: the rest of a large message goes straight to where it belongs, as
// far as its frame goes and no further.
func TestReceiverRoom(t *testing.T) {
	payload := wstest.BinaryPayload(100_000)
	wire := masked(wstest.Binary(payload), wstest.Text("next"))
	r := newReceiver()
	direct, wide := 0, 0
	var got []string
	for rest := wire; len(rest) > 0; {
		room := r.Room()
		n := min(len(rest), 8000)
		if room != nil {
			n = min(n, len(room))
			direct += n
		}
		if left := feed(r, rest[:n]); len(left) > 0 {
			t.Fatalf("%d bytes had no room", len(left))
		}
		rest = rest[n:]
		wide = max(wide, len(room))
		for {
			ev, op, p, err := r.NextMessage()
			if ev == NeedInput {
				break
			}
			got = append(got, shown(ev, op, p, err))
			if ev == Message && op == codec.OpBinary && !bytes.Equal(p, payload) {
				t.Error("the payload differs")
			}
		}
	}
	if want := []string{wstest.Binary(payload).String(), text("next")}; !slices.Equal(got, want) {
		t.Errorf(" got %q\nwant %q", got, want)
	}
	if direct < len(payload)/2 || direct > len(payload) {
		t.Errorf("%d bytes were received in place, want most of %d", direct, len(payload))
	}
	if wide > len(payload) {
		t.Errorf("Room() has %d bytes, more than the message lacks", wide)
	}
}

// TestReceiverBegun: a message of which a part was assembled when the read was
// interrupted can be read on, piece by piece.
func TestReceiverBegun(t *testing.T) {
	r := newReceiver()
	if _, _, _, ok := r.Begun(); ok {
		t.Fatal("Begun() before anything")
	}
	if got := receive(r, masked(wstest.Text("one ").More(), wstest.Continuation("two ").More())); got != nil {
		t.Fatalf("received %q of two fragments", got)
	}
	op, part, z, ok := r.Begun()
	if !ok || op != codec.OpText || string(part) != "one two " || z != nil {
		t.Fatalf("Begun() = %v, %q, %v, %t", op, part, z, ok)
	}
	r.Release()
	feed(r, masked(wstest.Continuation("three")))
	ev, f, err := r.NextFrame()
	if ev != Data || string(f.Payload) != "three" || !f.Last() || err != nil {
		t.Errorf("NextFrame() = %v, %q, %t, %v", ev, f.Payload, f.Last(), err)
	}
	if !r.Idle() {
		t.Error("not Idle behind the end of the message")
	}
}

// TestReceiverDetach: a payload stays as it was while the connection is read further.
func TestReceiverDetach(t *testing.T) {
	long := strings.Repeat("x", 9000)
	for _, test := range []struct {
		name  string
		wire  []byte
		want  string
		ahead bool
	}{
		{"of one frame", masked(wstest.Text("first")), "first", false},
		{"of fragments", masked(wstest.Text("fir").More(), wstest.Continuation("st")), "first", false},
		{"of large fragments", masked(wstest.Text(long).More(), wstest.Continuation(long)), long + long, false},
		{"that was read ahead", masked(wstest.Text("first"), wstest.Text("other")), "first", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiver()
			feed(r, test.wire)
			for test.ahead {
				ev, f, _ := r.DecodeAhead()
				if ev == NeedInput {
					break
				}
				r.ReadAhead(&f)
			}
			_, _, p, err := r.NextMessage()
			if err != nil || string(p) != test.want {
				t.Fatalf("NextMessage() = %.20q, %v", p, err)
			}
			r.InUse = true
			r.Detach()
			if r.InUse {
				t.Error("InUse after Detach")
			}
			for range 20 {
				for rest := masked(wstest.Text(strings.Repeat("y", 9000)).More(), wstest.Continuation("z")); len(rest) > 0; {
					rest = feed(r, rest)
					for ev := Message; ev != NeedInput; {
						ev, _, _, _ = r.NextMessage()
					}
				}
			}
			r.Reset(false)
			if string(p) != test.want {
				t.Errorf("the payload became %.20q", p)
			}
		})
	}
}

// TestReadAhead: what was read ahead comes first, in order, and as it was; a message
// of several frames may begin there and end in what is received later.
func TestReadAhead(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after []wstest.Frame // read ahead, and received behind that
		want          []string
	}{
		{"whole messages", []wstest.Frame{wstest.Text("a"), wstest.Binary([]byte("b")), wstest.Text("")}, []wstest.Frame{wstest.Text("c")},
			[]string{text("a"), wstest.Binary([]byte("b")).String(), text(""), text("c")}},
		{"fragments", []wstest.Frame{wstest.Text("a").More(), wstest.Continuation("b")}, nil, []string{text("ab")}},
		{"a message that goes on later", []wstest.Frame{wstest.Text("a"), wstest.Text("b").More(), wstest.Continuation("c").More()}, []wstest.Frame{wstest.Ping("x"), wstest.Continuation("d"), wstest.Text("e")},
			[]string{text("a"), wstest.Ping("x").String(), text("bcd"), text("e")}},
		{"nothing", nil, []wstest.Frame{wstest.Text("a")}, []string{text("a")}},
		{"many", slices.Repeat([]wstest.Frame{wstest.Text("hello")}, 500), []wstest.Frame{wstest.Text("last")}, append(slices.Repeat([]string{text("hello")}, 500), text("last"))},
	} {
		for _, sizes := range [][]int{nil, {1}, {7}} {
			t.Run(fmt.Sprint(test.name, " in pieces of ", sizes), func(t *testing.T) {
				r := newReceiver()
				for piece := range wstest.Pieces(masked(test.before...), sizes...) {
					feed(r, piece)
					for {
						ev, f, err := r.DecodeAhead()
						if ev == NeedInput {
							break
						}
						if ev != Data {
							t.Fatalf("DecodeAhead() = %v, %v", ev, err)
						}
						r.ReadAhead(&f)
					}
				}
				if r.HasAhead() != (len(test.before) > 0) || r.Ready() != r.HasAhead() || r.Idle() == r.HasAhead() {
					t.Errorf("HasAhead() = %t, Ready() = %t, Idle() = %t", r.HasAhead(), r.Ready(), r.Idle())
				}
				got := receive(r, masked(test.after...), sizes...)
				if len(test.after) == 0 {
					for {
						ev, op, p, err := r.NextMessage()
						if ev == NeedInput {
							break
						}
						got = append(got, shown(ev, op, p, err))
					}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf(" got %q\nwant %q", got, test.want)
				}
				if r.HasAhead() || !r.Idle() {
					t.Errorf("HasAhead() = %t, Idle() = %t at the end", r.HasAhead(), r.Idle())
				}
			})
		}
	}
}

// TestReadAheadIsBounded: payloads count by their bytes, and frames without any too.
func TestReadAheadIsBounded(t *testing.T) {
	for _, test := range []struct {
		payload, frames int // frames of payload bytes that fill it
	}{{0, AheadBytes / frameCost}, {1, 1009}, {1000, 62}, {AheadBytes, 1}} {
		r := newReceiver()
		f := codec.Frame{Header: codec.Header{Fin: true, Opcode: codec.OpBinary}, Message: codec.OpBinary, End: true, Payload: make([]byte, test.payload)}
		n := 0
		for ; !r.AheadFull(); n++ {
			r.ReadAhead(&f)
		}
		if n != test.frames {
			t.Errorf("full with %d frames of %d bytes, want %d", n, test.payload, test.frames)
		}
		if ev, _, _, _ := r.NextMessage(); ev != Message {
			t.Fatalf("NextMessage() = %v", ev)
		}
		if r.AheadFull() {
			t.Errorf("still full when a frame of %d bytes was taken", test.payload)
		}
		r.Reset(false)
	}
}

// TestReceiverResetKeepsAhead: what was read ahead outlives the end of the connection
// for an application that reads on, and nothing else does.
func TestReceiverResetKeepsAhead(t *testing.T) {
	for _, keep := range []bool{true, false} {
		inUse := pool.Lent()
		r := newReceiver()
		feed(r, masked(wstest.Text("ahead"), wstest.Text("behind")))
		_, f, _ := r.DecodeAhead()
		r.ReadAhead(&f)
		r.Reset(keep)
		ev, _, p, _ := r.NextMessage()
		if keep && (ev != Message || string(p) != "ahead") || !keep && ev != NeedInput {
			t.Errorf("keep %t: NextMessage() = %v, %q", keep, ev, p)
		}
		if ev, _, _, _ := r.NextMessage(); ev != NeedInput {
			t.Errorf("keep %t: NextMessage() = %v, want nothing more", keep, ev)
		}
		r.Reset(false)
		if got := pool.Lent(); got != inUse {
			t.Errorf("keep %t: %d buffers were not given back", keep, got-inUse)
		}
	}
}

// TestReadAheadIsCut: once a frame was dropped, no later one is returned, so that a message
// never lacks a part of it. Control frames still are.
func TestReadAheadIsCut(t *testing.T) {
	part := strings.Repeat("x", 1000)
	r := newReceiver()
	feed(r, masked(wstest.Text("whole"), wstest.Text(part).More()))
	for range 100 {
		feed(r, masked(wstest.Continuation(part).More()))
		for {
			ev, f, err := r.DecodeAhead()
			if err != nil {
				t.Fatal(err)
			}
			if ev == NeedInput {
				break
			}
			if r.AheadFull() {
				r.CutAhead()
			}
			r.ReadAhead(&f)
		}
	}
	if ev, _, p, _ := r.NextMessage(); ev != Message || string(p) != "whole" {
		t.Fatalf("NextMessage() = %v, %q", ev, p)
	}
	if ev, _, _, err := r.NextMessage(); ev != NeedInput || err != nil {
		t.Fatalf("NextMessage() of a message that was cut = %v, %v; want NeedInput", ev, err)
	}
	if r.HasAhead() || r.Room() != nil {
		t.Error("the rest is read into the message")
	}
	feed(r, masked(wstest.Continuation("end"), wstest.Text("next"), wstest.Ping("p")))
	if ev, op, p, err := r.NextMessage(); ev != Control || op != codec.OpPing || string(p) != "p" || err != nil {
		t.Errorf("NextMessage() = %v, %v, %q, %v; want the Ping", ev, op, p, err)
	}
	r.Reset(false)
}

// TestLimitLoweredInAMessage: a message that has begun is assembled, however low the limit
// for later ones becomes.
func TestLimitLoweredInAMessage(t *testing.T) {
	for _, limit := range []int64{1, 600, 5000, 20_000} {
		want := bytes.Repeat([]byte("x"), 300_000)
		b := masked(wstest.Binary(want))
		r := newReceiver()
		r.SetLimit(0)
		feed(r, b[:40_000])
		if ev, _, _, err := r.NextMessage(); ev != NeedInput || err != nil {
			t.Fatalf("NextMessage() = %v, %v", ev, err)
		}
		r.SetLimit(limit)
		for b = b[40_000:]; len(b) > 0; {
			room := r.Room()
			if len(room) == 0 {
				t.Fatalf("limit %d: no room for the rest of %d bytes", limit, len(b))
			}
			n := copy(room, b)
			b = b[n:]
			r.Took(n)
			ev, _, p, err := r.NextMessage()
			switch {
			case err != nil:
				t.Fatal(err)
			case (ev == Message) != (len(b) == 0):
				t.Fatalf("NextMessage() = %v with %d bytes missing", ev, len(b))
			case ev == Message && !bytes.Equal(p, want):
				t.Fatalf("limit %d: a wrong message of %d bytes", limit, len(p))
			}
		}
		r.Reset(false)
	}
}
