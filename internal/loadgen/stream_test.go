package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
)

// script returns messages of these sizes, all different.
func script(op codec.Opcode, sizes ...int) *Script {
	s := &Script{Opcode: op}
	for i, size := range sizes {
		s.Append(bytes.Repeat([]byte{'a' + byte(i)}, size), [4]byte{1, 2, 3, byte(i)})
	}
	return s
}

// frame returns a frame as a server sends it.
func frame(op codec.Opcode, fin bool, p []byte) []byte {
	return codec.AppendFrame(nil, codec.Header{Opcode: op, Fin: fin}, p)
}

// strict is a Judge to whom every message that is not the next one is an error.
type strict struct {
	matched int
	odd     []byte
}

func (j *strict) Matched(n int) { j.matched += n }
func (j *strict) Message(op codec.Opcode, _ bool, p []byte) error {
	j.odd = bytes.Clone(p)
	return fmt.Errorf("message of %d bytes, opcode %d", len(p), op)
}

func TestScript(t *testing.T) {
	s := script(codec.OpText, 5, 0, 126, 70000)
	if s.Len() != 4 || s.Largest() != 70000 {
		t.Errorf("Len, Largest = %d, %d, want 4, 70000", s.Len(), s.Largest())
	}
	for i, size := range []int{5, 0, 126, 70000} {
		for name, p := range map[string][]byte{"sent": s.Sent(i, i+1), "echoed": s.Echoed(i, i+1)} {
			h, n, err := codec.ParseHeader(p)
			if h.Masked {
				p = bytes.Clone(p)
				codec.Mask(p[n:], h.Key, 0)
			}
			if err != nil || !h.Fin || h.Opcode != codec.OpText || h.Masked != (name == "sent") || !bytes.Equal(p[n:], s.Payload(i)) || len(p)-n != size {
				t.Errorf("message %d as %s is %+v, %v, with %d bytes, want its %d", i, name, h, err, len(p)-n, size)
			}
		}
	}
}

func TestStream(t *testing.T) {
	s := script(codec.OpText, 300, 70000, 0)
	one, two, none := s.Echoed(0, 1), s.Echoed(1, 2), s.Echoed(2, 3)
	wrong := bytes.Clone(one)
	wrong[len(wrong)-1] ^= 1
	for _, tt := range []struct {
		name string
		sent [][]byte
		want int   // messages
		err  error // errors.Is; any if errAny
	}{
		{name: "as sent", sent: [][]byte{one, two, none}, want: 3},
		{name: "pings between fragments", sent: [][]byte{
			frame(codec.OpText, false, s.Payload(0)[:100]), frame(codec.OpPing, true, []byte("x")), frame(codec.OpContinuation, false, nil),
			frame(codec.OpContinuation, true, s.Payload(0)[100:]), two, frame(codec.OpPong, true, nil), none,
		}, want: 3},
		{name: "one missing", sent: [][]byte{one, two}, want: 2},
		{name: "cut short", sent: [][]byte{one[:200]}},
		{name: "wrong byte", sent: [][]byte{wrong}, err: errAny},
		{name: "too short", sent: [][]byte{frame(codec.OpText, true, s.Payload(0)[:299])}, err: errAny},
		{name: "too long", sent: [][]byte{frame(codec.OpText, true, append(slices.Clip(s.Payload(0)), 'a'))}, err: errAny},
		{name: "wrong order", sent: [][]byte{two}, err: errAny},
		{name: "wrong type", sent: [][]byte{one, frame(codec.OpBinary, true, s.Payload(1))}, want: 1, err: errAny},
		{name: "one too many", sent: [][]byte{one, two, none, none}, want: 3, err: errAny},
		{name: "masked", sent: [][]byte{one, s.Sent(1, 2)}, want: 1, err: codec.ErrMasked},
		{name: "reserved bit", sent: [][]byte{codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV1}, s.Payload(0))}, err: codec.ErrReservedBits},
		{name: "continuation of nothing", sent: [][]byte{frame(codec.OpContinuation, true, s.Payload(0))}, err: codec.ErrContinuation},
		{name: "message in a message", sent: [][]byte{frame(codec.OpText, false, s.Payload(0)[:100]), frame(codec.OpText, true, s.Payload(0)[100:])}, err: errAny},
		{name: "closed", sent: [][]byte{one, frame(codec.OpClose, true, []byte{3, 0xE9, 'x'})}, want: 1, err: &Closed{}},
		{name: "beyond the limit", sent: [][]byte{frame(codec.OpText, true, make([]byte, 90001))}, err: codec.ErrMessageTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream := slices.Concat(tt.sent...)
			for _, piece := range []int{len(stream), 1, 7, 4096} {
				var c Stream
				var j strict
				c.Init(90000, false)
				c.Begin(s, 0)
				c.Await(3)
				var err error
				for p := range slices.Chunk(stream, piece) {
					if err = c.Feed(p, &j); err != nil {
						break
					}
				}
				if !isError(err, tt.err) || j.matched != tt.want || int(c.Next) != tt.want {
					t.Errorf("in pieces of %d: Feed = %v after %d messages, want %v after %d", piece, err, j.matched, tt.err, tt.want)
				}
			}
		})
	}
}

var errAny = errors.New("any error")

func isError(got, want error) bool {
	if _, ok := want.(*Closed); ok {
		closed, ok := got.(*Closed)
		return ok && closed.Code == codec.StatusGoingAway && closed.Reason == "x"
	}
	return errors.Is(got, want) || want == errAny && got != nil
}

// On plain TCP everything has to come as it was sent.
func TestStreamPlain(t *testing.T) {
	s := script(codec.OpBinary, 1000, 1000, 1000)
	wrong := bytes.Clone(s.Out)
	wrong[len(wrong)-1] ^= 1
	for _, tt := range []struct {
		name   string
		script *Script
		sent   []byte
		bad    bool
		want   int
	}{
		{"as sent", s.Mirrored(), s.Out, false, 3},
		{"cut short", s.Mirrored(), s.Out[:len(s.Out)-1], false, 2},
		{"wrong byte", s.Mirrored(), wrong, true, 2},
		{"one byte too many", s.Mirrored(), append(slices.Clip(s.Out), 0), true, 3},
		{"without headers", s.Bare(), slices.Concat(s.Payload(0), s.Payload(1), s.Payload(2)), false, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, piece := range []int{len(tt.sent), 1, 4096} {
				var c Stream
				c.InitPlain()
				c.Begin(tt.script, 0)
				c.Await(3)
				var err error
				for p := range slices.Chunk(tt.sent, piece) {
					if err = c.Feed(p, &strict{}); err != nil {
						break
					}
				}
				if (err != nil) != tt.bad || int(c.Next) != tt.want {
					t.Errorf("in pieces of %d: Feed = %v after %d messages, want an error: %v after %d", piece, err, c.Next, tt.bad, tt.want)
				}
			}
		})
	}
}

// take takes n bytes of what s sends, in pieces of at most piece.
func take(s *Stream, n, piece int) (sent []byte) {
	for len(sent) < n {
		p := s.Outgoing()
		p = p[:min(len(p), piece, n-len(sent))]
		if len(p) == 0 {
			break
		}
		sent = append(sent, p...)
		s.Took(len(p))
	}
	return sent
}

// A script goes out over and over from its base on, in whatever pieces the socket takes.
func TestStreamOutgoing(t *testing.T) {
	s := script(codec.OpText, 10, 200, 0, 126)
	want := slices.Concat(s.Sent(2, 4), s.Out, s.Sent(0, 1))
	for _, piece := range []int{1 << 20, 1, 3, 150} {
		var c Stream
		var j strict
		c.Init(1000, false)
		c.Begin(s, 2)
		var sent []byte
		for _, n := range []int64{1, 4, 2} {
			c.Sent += n
			sent = append(sent, take(&c, 1<<20, piece)...)
		}
		if !bytes.Equal(sent, want) {
			t.Errorf("in pieces of %d: % x is sent, want % x", piece, sent, want)
		}
		back := slices.Concat(s.Echoed(2, 4), s.Back, s.Echoed(0, 1))
		if err := c.Feed(back, &j); err != nil || j.matched != 7 || c.InFlight() != 0 {
			t.Errorf("in pieces of %d: Feed = %v, %d of 7 messages", piece, err, j.matched)
		}
	}
}

// Control frames are sent between messages, and a Close frame once.
func TestStreamControl(t *testing.T) {
	masked := func(op codec.Opcode, p string) []byte {
		return codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: op, Masked: true}, []byte(p))
	}
	s := script(codec.OpText, 10, 10)
	var c Stream
	c.Init(1000, false)
	c.Begin(s, 0)
	c.Sent = 2
	sent := take(&c, 5, 5)
	if err := c.Feed(frame(codec.OpPing, true, []byte("x")), &strict{}); err != nil {
		t.Fatal(err)
	}
	c.Close(codec.StatusNormalClosure)
	if _, ok := c.Feed(frame(codec.OpClose, true, []byte{3, 0xE8}), &strict{}).(*Closed); !ok {
		t.Error("the server's Close frame is not reported")
	}
	sent = append(sent, take(&c, 1<<20, 7)...)
	if want := slices.Concat(s.Sent(0, 1), masked(codec.OpPong, "x"), masked(codec.OpClose, "\x03\xE8"), s.Sent(1, 2)); !bytes.Equal(sent, want) {
		t.Errorf("% x is sent, want % x", sent, want)
	}
}

// A server that sends Pings and reads nothing makes a Stream hold no more than a few
// Pongs.
func TestStreamHoldsFewPongs(t *testing.T) {
	var c Stream
	c.Init(1000, false)
	ping := frame(codec.OpPing, true, make([]byte, 125))
	for range 10_000 {
		if err := c.Feed(ping, &strict{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.Outgoing()); n < 131 || n > maxControl+131 {
		t.Errorf("%d bytes wait, want at most %d", n, maxControl+131)
	}
}

// The common way of an echo allocates nothing.
func TestStreamAllocatesNothing(t *testing.T) {
	s := &Script{Opcode: codec.OpText}
	r := rand.New(rand.NewPCG(1, 2))
	for range 64 {
		s.Append([]byte(fmt.Sprint(r.Uint64())), [4]byte{1, 2, 3, 4})
	}
	var c Stream
	var j strict
	c.Init(1000, false)
	c.Begin(s, 5)
	allocs := testing.AllocsPerRun(1000, func() {
		c.Sent += 64
		for p := c.Outgoing(); len(p) > 0; p = c.Outgoing() {
			c.Took(len(p))
		}
		if err := errors.Join(c.Feed(s.Echoed(5, 64), &j), c.Feed(s.Echoed(0, 5), &j)); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 || c.InFlight() != 0 {
		t.Errorf("64 echoes cost %v allocations, %d are in flight, want none", allocs, c.InFlight())
	}
}
