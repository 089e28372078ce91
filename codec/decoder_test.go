package codec

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// decoded is a frame put together from its pieces.

type decoded struct {
	Header  Header
	Message Opcode
	Payload string
	Pieces  int
}

func (d decoded) String() string {
	return fmt.Sprintf("%v of %v, FIN %v, %d bytes %.20q in %d pieces", d.Header.Opcode, d.Message, d.Header.Fin, len(d.Payload), d.Payload, d.Pieces)
}

// decode feeds stream to d in pieces of the sizes given, taken in turn, and

// returns the frames that came whole, how many bytes of stream d had seen when

// the error came, and that error; ErrShort if there was none.

func decode(d *Decoder, stream []byte, sizes ...int) (frames []decoded, seen int, err error) {
	var open *decoded
	for i := 0; ; i++ {
		for {
			f, err := d.Next()
			if err == ErrShort {
				break
			}
			if err != nil {
				return frames, seen, err
			}
			if open == nil {
				open = &decoded{Header: f.Header, Message: f.Message}
			}
			open.Payload += string(f.Payload)
			open.Pieces++
			if f.End {
				frames, open = append(frames, *open), nil
			}
		}
		if seen == len(stream) {
			return frames, seen, ErrShort
		}
		n := len(stream) - seen
		if len(sizes) > 0 {
			n = min(n, sizes[i%len(sizes)])
		}
		n = copy(d.Space(n), stream[seen:seen+n])
		d.Commit(n)
		seen += n
	}
}

// masked and plain append whole frames of clients and of servers.

func masked(fin bool, op Opcode, payload string) []byte {
	return AppendFrame(nil, Header{Fin: fin, Opcode: op, Masked: true, Key: testKey}, []byte(payload))
}

func plain(fin bool, op Opcode, payload string) []byte {
	return AppendFrame(nil, Header{Fin: fin, Opcode: op}, []byte(payload))
}

func join(frames ...[]byte) []byte { return slices.Concat(frames...) }

var streams = []struct {
	name   string
	role   Role
	rsv    uint8
	stream []byte
	want   []string // payloads, each with the type of the message it belongs to
}{
	{"a text", Server, 0, masked(true, OpText, "Hello"), []string{"text Hello"}},
	{"a text from a server", Client, 0, plain(true, OpText, "Hello"), []string{"text Hello"}},
	{"an empty text", Server, 0, masked(true, OpText, ""), []string{"text "}},
	{"two messages", Server, 0, join(masked(true, OpText, "a"), masked(true, OpBinary, "\xFF")), []string{"text a", "binary \xFF"}},
	{"fragments", Server, 0,
		join(masked(false, OpText, "Hel"), masked(false, OpContinuation, ""), masked(true, OpContinuation, "lo")),
		[]string{"text Hel", "text ", "text lo"}},
	{"a code point over three fragments", Server, 0,
		join(masked(false, OpText, "\xE2"), masked(false, OpContinuation, "\x82"), masked(true, OpContinuation, "\xAC")),
		[]string{"text \xE2", "text \x82", "text \xAC"}},
	{"a ping inside a code point", Client, 0,
		join(plain(false, OpText, "\xE2"), plain(true, OpPing, "\xFF"), plain(true, OpContinuation, "\x82\xAC")),
		[]string{"text \xE2", "ping \xFF", "text \x82\xAC"}},
	{"binary that is not UTF-8", Client, 0, plain(true, OpBinary, "\xFF\xFE"), []string{"binary \xFF\xFE"}},
	{"control frames alone", Server, 0,
		join(masked(true, OpPing, ""), masked(true, OpPong, strings.Repeat("x", 125)), masked(true, OpClose, "\x03\xE8bye")),
		[]string{"ping ", "pong " + strings.Repeat("x", 125), "close \x03\xE8bye"}},
	{"an empty Close", Server, 0, masked(true, OpClose, ""), []string{"close "}},
	{"compressed text, not to be checked", Server, RSV1,
		AppendFrame(nil, Header{Fin: true, Opcode: OpText, RSV: RSV1, Masked: true, Key: testKey}, []byte("\xF2\x48\xCD")),
		[]string{"text \xF2\x48\xCD"}},
	{"uncompressed text of a compressed connection", Server, RSV1, masked(true, OpText, "é"), []string{"text é"}},
	{"lengths of two bytes", Server, 0,
		join(masked(true, OpBinary, strings.Repeat("a", 126)), masked(true, OpText, strings.Repeat("é", 1000))),
		[]string{"binary " + strings.Repeat("a", 126), "text " + strings.Repeat("é", 1000)}},
}

func TestDecoder(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			for size := 1; size <= len(tt.stream); size += 1 + size/50 {
				d := Decoder{Role: tt.role, RSV: tt.rsv}
				frames, seen, err := decode(&d, tt.stream, size)
				var got []string
				for _, f := range frames {
					got = append(got, f.Message.String()+" "+f.Payload)
				}
				if !slices.Equal(got, tt.want) || seen != len(tt.stream) {
					t.Fatalf("in pieces of %d, Next gives %q, %v\nwant %q", size, got, err, tt.want)
				}
				if d.Buffered() != 0 {
					t.Errorf("in pieces of %d, %d bytes are left over", size, d.Buffered())
				}
				d.Reset()
			}
		})
	}
}

// Nothing of a frame up to MaxWhole is handed out before all of it is there, and

// the header says what was on the wire.

func TestDecoderHandsOutWholeFrames(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 4000, 65536/2 - 1, MaxWhole} {
		payload := strings.Repeat("z", size)
		stream := masked(true, OpBinary, payload)
		want := Header{Fin: true, Opcode: OpBinary, Length: uint64(size), Masked: true, Key: testKey}
		for _, pieces := range [][]int{{1}, {7, 1300}, {4096}, {len(stream)}} {
			var d Decoder
			frames, seen, err := decode(&d, stream, pieces...)
			if len(frames) != 1 || err != ErrShort || seen != len(stream) {
				t.Fatalf("%d bytes in pieces of %d: %d frames, %v", size, pieces, len(frames), err)
			}
			if f := frames[0]; f.Pieces != 1 || f.Header != want || f.Payload != payload {
				t.Errorf("%d bytes in pieces of %d: %v", size, pieces, f)
			}
			d.Reset()
		}
	}
}

func TestDecoderLargeFramesComeAsTheyArrive(t *testing.T) {
	payload := strings.Repeat("0123456789€", 5_000)
	stream := join(masked(false, OpText, payload), masked(true, OpContinuation, "end"))
	for _, piece := range []int{13, 1000, 4096, 1 << 20} {
		var d Decoder
		frames, _, err := decode(&d, stream, piece)
		if len(frames) != 2 || err != ErrShort {
			t.Fatalf("in pieces of %d: %d frames, %v, want 2, %v", piece, len(frames), err, ErrShort)
		}
		if f := frames[0]; f.Payload != payload || f.Message != OpText || f.Header.Length != uint64(len(payload)) {
			t.Errorf("in pieces of %d: %v", piece, f)
		}
		if got, want := frames[0].Pieces, (len(stream)+piece-1)/piece; got > want {
			t.Errorf("in pieces of %d: handed out in %d, want %d or fewer", piece, got, want)
		}
		d.Reset()
	}
}

// The violations, each with the part of the stream that proves it. What comes

// behind must not be needed.

// wantSticky checks that err, which d has reported, is final.

// What a header claims is not memory: the room follows what has arrived.

// However small the reads, the room for a partial frame stays in proportion to

// the frame, and its bytes are moved a few times, not with every read.

// Many frames of one read: each payload stays as it is until Space.

func TestDecoderBatch(t *testing.T) {
	var stream []byte
	for i := range 50 {
		stream = append(stream, masked(true, OpText, fmt.Sprintf("message %d", i))...)
	}
	stream = append(stream, masked(true, OpText, "incomplete")[:9]...)
	var d Decoder
	d.Commit(copy(d.Space(len(stream)), stream))
	var frames []Frame
	for d.Ready() {
		f, err := d.Next()
		if err != nil {
			t.Fatalf("Next is not ready: %v", err)
		}
		frames = append(frames, f)
	}
	if _, err := d.Next(); err != ErrShort {
		t.Errorf("Next after Ready said no: %v, want %v", err, ErrShort)
	}
	if len(frames) != 50 {
		t.Fatalf("%d frames, want 50", len(frames))
	}
	for i, f := range frames {
		if want := fmt.Sprintf("message %d", i); string(f.Payload) != want {
			t.Errorf("payload %d is now %q, want %q", i, f.Payload, want)
		}
		if cap(f.Payload) != len(f.Payload) {
			t.Errorf("payload %d has room for %d bytes of its neighbour", i, cap(f.Payload)-len(f.Payload))
		}
	}
	d.Reset()
}

func TestDecoderReady(t *testing.T) {
	hello := masked(true, OpText, "Hello")
	for _, tt := range []struct {
		name     string
		stream   []byte
		want     bool
		arriving bool
	}{
		{"nothing", nil, false, false},
		{"half a header", hello[:3], false, true},
		{"a header", hello[:6], false, true},
		{"all but a byte", hello[:len(hello)-1], false, true},
		{"a frame", hello, true, true},
		{"an empty frame", masked(true, OpText, ""), true, true},
		{"more than a frame", append(slices.Clone(hello), 0x81), true, true},
		{"a frame that is returned in pieces", AppendHeader(nil, Header{Opcode: OpText, Length: MaxWhole + 1, Masked: true}), false, false},
		{"a claim of 2^63-1", AppendHeader(nil, Header{Opcode: OpText, Length: 1<<63 - 1, Masked: true}), false, false},
	} {
		for _, begun := range []bool{false, true} {
			var d Decoder
			d.Commit(copy(d.Space(1), tt.stream))
			if begun && !tt.want {
				if _, err := d.Next(); err != ErrShort {
					t.Fatalf("%s: Next = %v, want %v", tt.name, err, ErrShort)
				}
			}
			if got := d.Ready(); got != tt.want {
				t.Errorf("%s: Ready() = %v, want %v (header taken: %v)", tt.name, got, tt.want, begun)
			}
			if got := d.Arriving(); got != tt.arriving {
				t.Errorf("%s: Arriving() = %v, want %v (header taken: %v)", tt.name, got, tt.arriving, begun)
			}
			d.Reset()
		}
	}
}

func TestDecoderIdle(t *testing.T) {
	large := masked(true, OpBinary, strings.Repeat("x", MaxWhole+1))
	for _, tt := range []struct {
		name   string
		stream []byte
		want   bool
	}{
		{"new", nil, true},
		{"a message", masked(true, OpText, "a"), true},
		{"a ping", masked(true, OpPing, "a"), true},
		{"a byte", []byte{0x81}, false},
		{"a large frame's header", large[:14], false},
		{"half a large frame", large[:MaxWhole], false},
		{"a large frame", large, true},
		{"a fragment", masked(false, OpText, "a"), false},
		{"a fragment and a ping", join(masked(false, OpText, "a"), masked(true, OpPing, "")), false},
		{"all fragments", join(masked(false, OpText, "a"), masked(true, OpContinuation, "")), true},
	} {
		var d Decoder
		decode(&d, tt.stream)
		if got := d.Idle(); got != tt.want {
			t.Errorf("after %s Idle() = %v, want %v", tt.name, got, tt.want)
		}
		d.Reset()
	}
}

// Random legal streams, cut at random, read into rooms of random size, with the

// buffer released whenever it may be.

func TestDecoderRandomStreams(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 6455))
		var stream []byte
		var want []decoded
		message := OpContinuation
		for range 1 + rnd.IntN(12) {
			h := Header{Fin: rnd.IntN(2) == 0, Masked: true}
			length := []int{rnd.IntN(126), rnd.IntN(3000), rnd.IntN(70_000)}[rnd.IntN(3)]
			switch {
			case rnd.IntN(4) == 0:
				h.Fin, h.Opcode, length = true, OpPing+Opcode(rnd.IntN(2)), length%126
			case message == OpContinuation:
				h.Opcode = OpText + Opcode(rnd.IntN(2))
			}
			for i := range h.Key {
				h.Key[i] = byte(rnd.IntN(256))
			}
			payload := strings.Repeat("0123456789abcdef-", length/17+1)[:length]
			h.Length = uint64(length)
			stream = AppendFrame(stream, h, []byte(payload))
			d := decoded{Header: h, Message: h.Opcode, Payload: payload}
			if !h.Opcode.IsControl() {
				if h.Opcode != OpContinuation {
					message = h.Opcode
				}
				d.Message = message
				if h.Fin {
					message = OpContinuation
				}
			}
			want = append(want, d)
		}
		var d Decoder
		var got []decoded
		var open decoded
		for left := stream; ; {
			f, err := d.Next()
			switch {
			case err == nil:
				open.Header, open.Message, open.Payload = f.Header, f.Message, open.Payload+string(f.Payload)
				if f.End {
					got, open = append(got, open), decoded{}
				}
				continue
			case err != ErrShort:
				t.Fatalf("seed %d: Next: %v", seed, err)
			}
			if len(left) == 0 {
				break
			}
			if rnd.IntN(3) == 0 {
				d.Release()
			}
			var n int
			if direct := d.Direct(); direct > 0 && rnd.IntN(2) == 0 {
				n = 1 + rnd.IntN(int(min(direct, uint64(len(left)))))
				f, err := d.Fill(slices.Clone(left[:n]))
				if err != nil {
					t.Fatalf("seed %d: Fill: %v", seed, err)
				}
				open.Header, open.Message, open.Payload = f.Header, f.Message, open.Payload+string(f.Payload)
				if f.End {
					got, open = append(got, open), decoded{}
				}
			} else {
				room := d.Space(1 + rnd.IntN(9000))
				n = copy(room[:1+rnd.IntN(len(room))], left)
				d.Commit(n)
			}
			left = left[n:]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		d.Reset()
	}
}
