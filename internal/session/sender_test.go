package session

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

var textHeader = codec.Header{Fin: true, Opcode: codec.OpText}

func message(t *testing.T, s *Sender, p string) {
	t.Helper()
	if err := s.Append(textHeader, []byte(p)); err != nil {
		t.Fatal(err)
	}
}

func control(t *testing.T, s *Sender, op codec.Opcode, p string) {
	t.Helper()
	if err := s.AppendControl(op, []byte(p)); err != nil {
		t.Fatal(err)
	}
}

// TestSenderOrder: calls go in, and frames come out in the order of the calls; while a
// send is under way control frames go ahead of what waits.
func TestSenderOrder(t *testing.T) {
	closeFrame := codec.Header{Fin: true, Opcode: codec.OpClose}
	for _, test := range []struct {
		name  string
		calls func(t *testing.T, s *Sender)
		want  []wstest.Frame
	}{
		{"messages in the order of the calls", func(t *testing.T, s *Sender) {
			message(t, s, "a")
			message(t, s, "b")
			message(t, s, "")
		}, []wstest.Frame{wstest.Text("a"), wstest.Text("b"), wstest.Text("")}},
		{"control frames in order while nothing is sent", func(t *testing.T, s *Sender) {
			message(t, s, "a")
			control(t, s, codec.OpPong, "1")
			message(t, s, "b")
			control(t, s, codec.OpPing, "2")
			control(t, s, codec.OpPong, "3")
		}, []wstest.Frame{wstest.Text("a"), wstest.Pong("1"), wstest.Text("b"), wstest.Ping("2"), wstest.Pong("3")}},
		{"control frames ahead during a send", func(t *testing.T, s *Sender) {
			s.BeginOne()
			message(t, s, "a")
			control(t, s, codec.OpPing, "1")
			control(t, s, codec.OpPong, "1")
			control(t, s, codec.OpPong, "22")
			message(t, s, "b")
			control(t, s, codec.OpPing, "2")
			control(t, s, codec.OpPong, "3")
			s.Sent()
		}, []wstest.Frame{wstest.Pong("1"), wstest.Pong("22"), wstest.Pong("3"), wstest.Ping("1"), wstest.Ping("2"), wstest.Text("a"), wstest.Text("b")}},
		{"a Close frame behind everything", func(t *testing.T, s *Sender) {
			s.BeginOne()
			message(t, s, "a")
			control(t, s, codec.OpPong, "1")
			if err := s.Append(closeFrame, []byte{3, 232}); err != nil {
				t.Error(err)
			}
			s.Sent()
			if !s.Closed() || s.Ready() {
				t.Errorf("Closed() = %t, Ready() = %t behind a Close frame", s.Closed(), s.Ready())
			}
			for what, err := range map[string]error{
				"a message":   s.Append(textHeader, nil),
				"a Ping":      s.AppendControl(codec.OpPing, nil),
				"another one": s.Append(closeFrame, nil),
			} {
				if err != codec.ErrAfterClose {
					t.Errorf("%s behind a Close frame: %v, want ErrAfterClose", what, err)
				}
			}
		}, []wstest.Frame{wstest.Pong("1"), wstest.Text("a"), wstest.Close(1000, "")}},
		{"what is illegal is refused, and nothing of it sent", func(t *testing.T, s *Sender) {
			for _, test := range []struct {
				h    codec.Header
				p    string
				want error
			}{
				{codec.Header{Fin: true, Opcode: codec.OpContinuation}, "", codec.ErrContinuation},
				{codec.Header{Fin: true, Opcode: 3}, "", codec.ErrReservedOpcode},
				{codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV1}, "", codec.ErrReservedBits},
			} {
				if err := s.Append(test.h, []byte(test.p)); err != test.want {
					t.Errorf("%v: %v, want %v", test.h, err, test.want)
				}
			}
			if err := s.AppendControl(codec.OpPing, make([]byte, 126)); err != codec.ErrControlTooLong {
				t.Errorf("a Ping of 126 bytes: %v", err)
			}
			message(t, s, "a")
		}, []wstest.Frame{wstest.Text("a")}},
		{"fragments with control frames between", func(t *testing.T, s *Sender) {
			s.Append(codec.Header{Opcode: codec.OpText}, []byte("a"))
			control(t, s, codec.OpPing, "")
			if err := s.Append(textHeader, nil); err != codec.ErrInterleaved {
				t.Errorf("a message inside another: %v, want ErrInterleaved", err)
			}
			s.Append(codec.Header{Fin: true, Opcode: codec.OpContinuation}, []byte("b"))
		}, []wstest.Frame{wstest.Text("a").More(), wstest.Ping(""), wstest.Continuation("b")}},
	} {
		for _, role := range []codec.Role{codec.Server, codec.Client} {
			t.Run(test.name+"/"+role.String(), func(t *testing.T) {
				s := &Sender{Encoder: codec.Encoder{Role: role}}
				if !s.Ready() || !s.Empty() || s.Sending() || s.Closed() {
					t.Fatal("a new Sender is not ready")
				}
				test.calls(t, s)
				var want []string
				for _, f := range test.want {
					want = append(want, f.String())
				}
				wire := take(s)
				wantFrames(t, "sent", wire, want...)
				for in := bytes.NewReader(wire); in.Len() > 0; {
					if _, masked, _ := wstest.ReadFrame(in); masked != (role == codec.Client) {
						t.Fatalf("masked = %t", masked)
					}
				}
				if !s.Empty() || s.Sending() || s.Size() != 0 {
					t.Errorf("Empty() = %t, Sending() = %t, Size() = %d behind the send", s.Empty(), s.Sending(), s.Size())
				}
			})
		}
	}
}

// TestSenderMessage: the common case of a server, delayed or not.
func TestSenderMessage(t *testing.T) {
	for _, delayed := range []bool{false, true} {
		s := &Sender{}
		var want []string
		for _, n := range []int{0, 1, 125, 126, 5000, 65535} {
			if p := wstest.TextPayload(n); s.Message(codec.OpText, p, delayed) {
				want = append(want, text(string(p)))
			} else {
				t.Errorf("Message() of %d bytes = false", n)
			}
		}
		wantFrames(t, "messages", take(s), want...)
	}
	s := &Sender{Encoder: codec.Encoder{Role: codec.Client}}
	if s.Message(codec.OpText, []byte("a"), false) {
		t.Error("Message() of a client = true")
	}
	if message(t, s, "b"); !slices.Equal(framesOf(t, take(s)), []string{text("b")}) {
		t.Error("a refused Message left something")
	}
}

// TestSenderTakes: the ways to begin a send, and what becomes of its rest.
func TestSenderTakes(t *testing.T) {
	t.Run("one slice", func(t *testing.T) {
		s := &Sender{}
		message(t, s, "a")
		if !s.Single() || s.Size() != 3 {
			t.Fatalf("Single() = %t, Size() = %d", s.Single(), s.Size())
		}
		b := s.TakeOne()
		if !s.Sending() || s.Ready() || s.Single() {
			t.Errorf("Sending() = %t, Ready() = %t, Single() = %t", s.Sending(), s.Ready(), s.Single())
		}
		message(t, s, "b")
		wantFrames(t, "TakeOne", b.B, text("a"))
		s.Sent()
		wantFrames(t, "what was queued meanwhile", take(s), text("b"))
	})
	t.Run("a part of one slice is left", func(t *testing.T) {
		s := &Sender{}
		message(t, s, "hello")
		b := s.TakeOne()
		sent := bytes.Clone(b.B[:4])
		batch := s.Left(b.B[4:], b)
		if !s.Sending() {
			t.Error("the send has ended")
		}
		control(t, s, codec.OpPong, "p")
		wantFrames(t, "both parts", append(sent, bytes.Join(batch.Rest, nil)...), text("hello"))
		s.Sent()
		if s.Sending() {
			t.Error("the send has not ended")
		}
		wantFrames(t, "the Pong", take(s), wstest.Pong("p").String())
	})
	t.Run("control frames make it more than one slice", func(t *testing.T) {
		s := &Sender{}
		s.BeginOne()
		message(t, s, "a")
		control(t, s, codec.OpPong, "p")
		s.Sent()
		if s.Single() {
			t.Error("Single() with a Pong ahead")
		}
		take(s)
	})
	t.Run("a payload from its own place", func(t *testing.T) {
		s := &Sender{}
		message(t, s, "a")
		p := bytes.Repeat([]byte{7}, VectorBytes)
		h := codec.Header{Fin: true, Opcode: codec.OpBinary, Length: uint64(len(p))}
		if err := s.Check(&h); err != nil {
			t.Fatal(err)
		}
		batch := s.Take(h, p)
		if last := batch.Rest[len(batch.Rest)-1]; &last[0] != &p[0] {
			t.Error("the payload was copied")
		}
		batch.KeepPayload()
		wire := bytes.Join(batch.Rest, nil)
		clear(p)
		if last := batch.Rest[len(batch.Rest)-1]; last[0] != 7 {
			t.Error("the payload was not kept")
		}
		wantFrames(t, "the outbox and the frame", wire, text("a"), wstest.Binary(bytes.Repeat([]byte{7}, VectorBytes)).String())
		s.Sent()
	})
	t.Run("an encoded frame behind the outbox", func(t *testing.T) {
		s := &Sender{}
		message(t, s, "a")
		frame := wstest.Text("prepared").Append(nil)
		batch := s.TakeWith(frame)
		wantFrames(t, "both", bytes.Join(batch.Rest, nil), text("a"), text("prepared"))
		s.Sent()
	})
}

func TestSenderFail(t *testing.T) {
	first := errors.New("first")
	s := &Sender{}
	s.BeginOne()
	message(t, s, "a")
	control(t, s, codec.OpPong, "p")
	control(t, s, codec.OpPing, "p")
	s.Fail(first)
	s.Fail(errors.New("second"))
	if s.Err() != first || !s.Empty() || s.Ready() {
		t.Errorf("Err() = %v, Empty() = %t, Ready() = %t", s.Err(), s.Empty(), s.Ready())
	}
	for what, err := range map[string]error{
		"Append":        s.Append(textHeader, nil),
		"AppendControl": s.AppendControl(codec.OpPing, nil),
		"Check":         s.Check(&codec.Header{Fin: true, Opcode: codec.OpText}),
	} {
		if err != first {
			t.Errorf("%s: %v, want the first error", what, err)
		}
	}
	if s.Sent(); s.Sending() || !s.Empty() {
		t.Error("something is left")
	}
}

// TestSenderPongsDuringASend: a burst of Pings is answered in full and in order, and of a
// flood only the last Pongs wait, in bounded memory.
func TestSenderPongsDuringASend(t *testing.T) {
	for _, test := range []struct {
		name   string
		burst  int
		length func(n int) int
		all    bool
	}{
		{"Pings of 0 to 125 bytes", 126, func(n int) int { return n }, true},
		{"a thousand small Pings", 1000, func(int) int { return 8 }, true},
		{"a flood", 1_000_000, func(int) int { return codec.MaxControlPayload }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &Sender{}
			s.BeginOne()
			payload := func(n int) string { return strings.Repeat(string(rune('a'+n%26)), test.length(n)) }
			for n := range test.burst {
				s.AppendControl(codec.OpPong, []byte(payload(n)))
			}
			if len(s.pong.B) > maxPongs {
				t.Errorf("%d bytes of Pongs wait, want at most %d", len(s.pong.B), maxPongs)
			}
			s.Sent()
			got := framesOf(t, take(s))
			if test.all && len(got) != test.burst || len(got) == 0 {
				t.Fatalf("%d Pongs wait of %d", len(got), test.burst)
			}
			for i, pong := range got {
				n := test.burst - len(got) + i
				if want := wstest.Pong(payload(n)).String(); pong != want {
					t.Fatalf("Pong %d is %s, want %s", n, pong, want)
				}
			}
		})
	}
}

func (a Admission) String() string {
	return [...]string{"Admitted", "MustWait", "Refused", "MustEnd"}[a]
}

func TestSenderAdmit(t *testing.T) {
	ten := strings.Repeat("x", 8) // a frame of ten bytes
	for _, test := range []struct {
		name    string
		prepare func(s *Sender)
		limit   int
		want    [4]Admission // of a frame of ten bytes, by policy
		kept    []string     // behind DropOldest
	}{
		{"nothing waits", func(s *Sender) { s.BeginOne() }, 20, [4]Admission{}, nil},
		{"room for one more", func(s *Sender) {
			s.BeginOne()
			s.Append(textHeader, []byte(ten))
		}, 20, [4]Admission{}, []string{text(ten)}},
		{"full, but nothing is being sent", func(s *Sender) {
			s.Append(textHeader, []byte(ten))
			s.Append(textHeader, []byte(ten))
		}, 20, [4]Admission{}, []string{text(ten), text(ten)}},
		{"full", func(s *Sender) {
			s.BeginOne()
			s.Append(textHeader, []byte("1234567a"))
			s.Append(textHeader, []byte("1234567b"))
		}, 20, [4]Admission{MustWait, Admitted, Refused, MustEnd}, []string{text("1234567b")}},
		{"control frames and fragments are not dropped", func(s *Sender) {
			s.AppendControl(codec.OpPing, []byte("12345678"))
			s.Append(codec.Header{Opcode: codec.OpText}, []byte(ten))
			s.Append(codec.Header{Fin: true, Opcode: codec.OpContinuation}, []byte(ten))
			s.Append(textHeader, []byte(ten))
			s.BeginOne()
		}, 20, [4]Admission{MustWait, Admitted, Refused, MustEnd}, []string{wstest.Ping("12345678").String(), wstest.Text(ten).More().String(), wstest.Continuation(ten).String()}},
		{"no limit", func(s *Sender) {
			s.BeginOne()
			s.Append(textHeader, make([]byte, 100_000))
		}, 0, [4]Admission{}, []string{wstest.Text(string(make([]byte, 100_000))).String()}},
		{"a stream is sent", func(s *Sender) { s.Streaming = true }, 20, [4]Admission{MustWait, MustWait, MustWait, MustWait}, nil},
		{"failed, so that Check says why", func(s *Sender) {
			s.BeginOne()
			s.Streaming = true
			s.Fail(errors.New("gone"))
		}, 20, [4]Admission{}, nil},
		{"closed, so that Check says why", func(s *Sender) {
			s.BeginOne()
			s.Append(codec.Header{Fin: true, Opcode: codec.OpClose}, nil)
			s.Streaming = true
		}, 1, [4]Admission{}, []string{wstest.CloseBody("").String()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for policy, want := range test.want {
				s := &Sender{}
				test.prepare(s)
				if got := s.Admit(10, test.limit, Policy(policy)); got != want {
					t.Errorf("policy %d: Admit() = %v, want %v", policy, got, want)
				}
				if s.Sending() {
					s.Sent()
				}
				if wire := take(s); Policy(policy) == DropOldest {
					wantFrames(t, "what is kept", wire, test.kept...)
				}
			}
		})
	}
}
