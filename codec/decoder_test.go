package codec

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/pool"
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
	payload := strings.Repeat("0123456789€", 20_000)
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
func TestDecoderViolations(t *testing.T) {
	header := func(h Header) []byte { return AppendHeader(nil, h) }
	payload := func(h Header, p string) []byte {
		b := []byte(p)
		Mask(b, h.Key, 0)
		return append(header(h), b...)
	}
	m := Header{Masked: true, Key: testKey}
	text := func(fin bool, length uint64) Header {
		return Header{Fin: fin, Opcode: OpText, Length: length, Masked: true, Key: testKey}
	}
	for _, tt := range []struct {
		name   string
		role   Role
		limit  uint64
		stream []byte
		want   error
	}{
		{"RSV2", Server, 0, header(Header{Fin: true, RSV: RSV2, Opcode: OpText, Masked: true, Length: 100}), ErrReservedBits},
		{"opcode 3", Server, 0, header(Header{Fin: true, Opcode: 3, Masked: true, Length: 100}), ErrReservedOpcode},
		{"unmasked", Server, 0, header(Header{Fin: true, Opcode: OpText, Length: 100}), ErrUnmasked},
		{"masked", Client, 0, header(Header{Fin: true, Opcode: OpText, Length: 100, Masked: true}), ErrMasked},
		{"length not minimal", Server, 0, wire("81 FE 0001"), ErrLengthNotMinimal},
		{"length of 64 bits", Server, 0, wire("81 FF 8000000000000000"), ErrLengthOverflow},
		{"nothing to continue", Server, 0, join(masked(true, OpText, "a"), header(m)), ErrContinuation},
		{"interleaved", Server, 0, join(masked(false, OpText, "a"), header(text(true, 9))), ErrInterleaved},
		{"fragmented ping", Server, 0, header(Header{Opcode: OpPing, Masked: true, Length: 3}), ErrControlFragmented},
		{"ping of 126 bytes", Server, 0, header(Header{Fin: true, Opcode: OpPing, Masked: true, Length: 126}), ErrControlTooLong},
		{"Close of one byte", Server, 0, masked(true, OpClose, "\x03"), ErrCloseTruncated},
		{"Close 1005", Server, 0, masked(true, OpClose, "\x03\xED"), ErrCloseStatus},
		{"Close with a bad reason", Server, 0, masked(true, OpClose, "\x03\xE8\xFF"), ErrCloseReason},
		{"bad text in an incomplete frame", Server, 0, payload(text(true, 100), "ab\xFF"), ErrText},
		{"F4 90 in an incomplete frame", Server, 0, payload(text(true, 100), "ab\xF4\x90"), ErrText},
		{"a surrogate in an incomplete large frame", Server, 0, payload(text(true, 1<<40), "ab\xED\xA0"), ErrText},
		{"F4 90 over two fragments", Server, 0, join(masked(false, OpText, "ab\xF4"), payload(Header{Length: 9, Masked: true, Key: testKey}, "\x90")), ErrText},
		{"text that ends inside a code point", Server, 0, masked(true, OpText, "ab\xE2\x82"), ErrText},
		{"a message that ends inside a code point", Server, 0, join(masked(false, OpText, "ab\xE2\x82"), header(Header{Fin: true, Masked: true})), ErrText},
		{"bad text behind good text", Server, 0, join(masked(true, OpText, "é"), payload(text(false, 2), "\x80")), ErrText},
		{"above the limit", Server, 10, header(text(true, 11)), ErrMessageTooBig},
		{"above the limit by fragments", Server, 10, join(masked(false, OpText, "123456"), header(Header{Length: 5, Masked: true})), ErrMessageTooBig},
		{"far above the limit", Server, 1 << 20, header(text(true, 1<<63-1)), ErrMessageTooBig},
		{"fragments above a limit of 2^63-1", Server, 1<<63 - 1, join(masked(false, OpText, "1"), header(Header{Length: 1<<63 - 1, Masked: true})), ErrMessageTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, sizes := range [][]int{{len(tt.stream)}, {1}, {2}, {3, 1}} {
				d := Decoder{Role: tt.role, MaxMessage: tt.limit}
				_, seen, err := decode(&d, tt.stream, sizes...)
				if err != tt.want || seen != len(tt.stream) {
					t.Errorf("in pieces of %d, Next fails after %d bytes with %v\nwant after %d with %v", sizes, seen, err, len(tt.stream), tt.want)
				}
				wantSticky(t, &d, tt.want)
				d.Reset()
			}
		})
	}
}

// wantSticky checks that err, which d has reported, is final.
func wantSticky(t *testing.T, d *Decoder, err error) {
	t.Helper()
	d.Commit(copy(d.Space(100), masked(true, OpText, "good")))
	for range 2 {
		if f, got := d.Next(); got != err {
			t.Errorf("Next after %v = %+v, %v, want the same error", err, f, got)
		}
	}
	if d.Ready() || d.Direct() != 0 {
		t.Errorf("after %v Ready = %v, Direct = %d, want false, 0", err, d.Ready(), d.Direct())
	}
}

func TestDecoderAfterClose(t *testing.T) {
	for _, trailing := range [][]byte{nil, masked(true, OpText, "late"), {0xFF}} {
		var d Decoder
		frames, _, err := decode(&d, join(masked(true, OpClose, "\x03\xE8"), trailing))
		if len(frames) != 1 || err != ErrAfterClose {
			t.Errorf("Close and % x: %d frames, %v, want 1, %v", trailing, len(frames), err, ErrAfterClose)
		}
		wantSticky(t, &d, ErrAfterClose)
		d.Reset()
	}
}

func TestDecoderLimit(t *testing.T) {
	ten := "0123456789"
	for _, tt := range []struct {
		name   string
		limit  uint64
		stream []byte
		want   error
	}{
		{"none", 0, masked(true, OpBinary, strings.Repeat(ten, 10_000)), ErrShort},
		{"reached", 10, masked(true, OpBinary, ten), ErrShort},
		{"reached by fragments", 10, join(masked(false, OpText, ten[:4]), masked(true, OpContinuation, ten[4:]), masked(true, OpText, ten)), ErrShort},
		{"reached, then an empty fragment", 10, join(masked(false, OpText, ten), masked(true, OpContinuation, "")), ErrShort},
		{"control frames do not count", 10, join(masked(false, OpText, ten), masked(true, OpPing, ten+ten), masked(true, OpContinuation, "")), ErrShort},
		{"exceeded by one", 10, masked(true, OpText, ten+"x"), ErrMessageTooBig},
		{"exceeded by the last fragment", 10, join(masked(false, OpText, ten), masked(true, OpContinuation, "x")), ErrMessageTooBig},
		{"exceeded by the second message", 10, join(masked(true, OpText, ten), masked(true, OpText, ten+"x")), ErrMessageTooBig},
	} {
		d := Decoder{MaxMessage: tt.limit}
		if _, _, err := decode(&d, tt.stream, 1000); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		d.Reset()
	}
}

// What a header claims is not memory: the room follows what has arrived.
func TestDecoderRoomDoesNotFollowClaims(t *testing.T) {
	for _, claim := range []uint64{1 << 20, 1 << 31, 1<<63 - 1} {
		var d Decoder
		if _, _, err := decode(&d, AppendHeader(nil, Header{Opcode: OpBinary, Masked: true, Length: claim})); err != ErrShort {
			t.Fatalf("a header that claims %d bytes: %v", claim, err)
		}
		for range 100 {
			if room := len(d.Space(4096)); room < 4096 || room > 8192 {
				t.Fatalf("Space(4096) in a frame that claims %d bytes gives %d", claim, room)
			}
			d.Commit(4096)
			if f, err := d.Next(); err != nil || len(f.Payload) != 4096 || f.End {
				t.Fatalf("Next in a frame that claims %d bytes gives %d, %v", claim, len(f.Payload), err)
			}
		}
		d.Reset()
	}
}

// However small the reads, the room for a partial frame stays in proportion to
// the frame, and its bytes are moved a few times, not with every read.
func TestDecoderRoomForAPartialFrame(t *testing.T) {
	stream := masked(true, OpBinary, strings.Repeat("x", MaxWhole))
	var d Decoder
	grown := 0
	for i := range stream {
		before := d.buf
		room := d.Space(1)
		if d.buf != before {
			grown++
		}
		if len(d.buf.B) > 2*MaxWhole {
			t.Fatalf("after %d bytes the buffer has %d", i, len(d.buf.B))
		}
		room[0] = stream[i]
		d.Commit(1)
		if _, err := d.Next(); (err == nil) != (i == len(stream)-1) {
			t.Fatalf("Next after %d bytes: %v", i+1, err)
		}
	}
	if grown > 4 {
		t.Errorf("the buffer was replaced %d times for one frame, want 4 or fewer", grown)
	}
	d.Reset()
}

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
		name   string
		stream []byte
		want   bool
	}{
		{"nothing", nil, false},
		{"half a header", hello[:3], false},
		{"a header", hello[:6], false},
		{"all but a byte", hello[:len(hello)-1], false},
		{"a frame", hello, true},
		{"an empty frame", masked(true, OpText, ""), true},
		{"more than a frame", append(slices.Clone(hello), 0x81), true},
		{"a claim of 2^63-1", AppendHeader(nil, Header{Opcode: OpText, Length: 1<<63 - 1, Masked: true}), false},
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
			d.Reset()
		}
	}
}

func TestDecoderDirect(t *testing.T) {
	payload := strings.Repeat("κόσμε", 10_000)
	stream := masked(true, OpText, payload)
	const header = 14
	for _, first := range []int{header, header + 1, header + 4099} {
		var d Decoder
		if d.Direct() != 0 {
			t.Errorf("Direct of a new Decoder is %d, want 0", d.Direct())
		}
		d.Commit(copy(d.Space(first), stream[:first]))
		if d.Direct() != 0 {
			t.Errorf("Direct before Next is %d, want 0", d.Direct())
		}
		var got []byte
		f, err := d.Next()
		for err == nil {
			got = append(got, f.Payload...)
			f, err = d.Next()
		}
		for err == ErrShort && d.Direct() > 0 {
			d.Release() // a large frame needs no buffer while it goes elsewhere
			if want := uint64(len(stream) - first); d.Direct() != want {
				t.Fatalf("with %d bytes to come Direct is %d", want, d.Direct())
			}
			p := slices.Clone(stream[first:min(first+7777, len(stream))])
			first += len(p)
			if f, err = d.Fill(p); err != nil {
				t.Fatalf("Fill: %v", err)
			}
			if &f.Payload[0] != &p[0] || len(f.Payload) != len(p) || f.End != (first == len(stream)) || f.Message != OpText {
				t.Fatalf("Fill(%d bytes) gives %d bytes of %v, End %v", len(p), len(f.Payload), f.Message, f.End)
			}
			got = append(got, f.Payload...)
			_, err = d.Next()
		}
		if string(got) != payload || !f.Last() || d.Direct() != 0 || d.buf != nil {
			t.Errorf("through Fill came %d bytes, last %v, Direct %d, want %d bytes and the end", len(got), f.Last(), d.Direct(), len(payload))
		}
	}
}

func TestDecoderDirectIsForLargeFrames(t *testing.T) {
	var d Decoder
	if _, _, err := decode(&d, AppendHeader(nil, Header{Opcode: OpBinary, Length: MaxWhole, Masked: true})); err != ErrShort || d.Direct() != 0 {
		t.Errorf("in a frame of MaxWhole bytes Direct is %d, %v, want 0", d.Direct(), err)
	}
	d.Reset()
}

func TestDecoderFillRefusesBadText(t *testing.T) {
	for _, tt := range []struct {
		name   string
		last   bool
		spoilt string
	}{
		{"in the middle", false, "\xFF"},
		{"as no code point goes on", false, "\xF4\x90"},
		{"at the end, incomplete", true, "\xE2\x82"},
	} {
		var d Decoder
		size := MaxWhole + 100
		if _, _, err := decode(&d, AppendHeader(nil, Header{Fin: true, Opcode: OpText, Masked: true, Key: testKey, Length: uint64(size)})); err != ErrShort {
			t.Fatal(err)
		}
		p := []byte(strings.Repeat("x", size-len(tt.spoilt)) + tt.spoilt)
		if !tt.last {
			p = p[1000:]
		}
		Mask(p, testKey, 0)
		if _, err := d.Fill(p); err != ErrText {
			t.Errorf("%s: Fill = %v, want %v", tt.name, err, ErrText)
		}
		wantSticky(t, &d, ErrText)
		d.Reset()
	}
}

func TestDecoderPanicsOnMisuse(t *testing.T) {
	large := AppendHeader(nil, Header{Opcode: OpBinary, Masked: true, Length: MaxWhole + 1})
	for _, tt := range []struct {
		name   string
		misuse func(d *Decoder)
	}{
		{"Commit without Space", func(d *Decoder) { d.Commit(1) }},
		{"Commit of more than Space gave", func(d *Decoder) { d.Commit(len(d.Space(1)) + 1) }},
		{"Commit of less than nothing", func(d *Decoder) { d.Space(1); d.Commit(-1) }},
		{"Fill between frames", func(d *Decoder) { d.Fill(make([]byte, 1)) }},
		{"Fill of nothing", func(d *Decoder) { decode(d, large); d.Fill(nil) }},
		{"Fill of more than the frame", func(d *Decoder) { decode(d, large); d.Fill(make([]byte, MaxWhole+2)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d Decoder
			defer d.Reset()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tt.misuse(&d)
		})
	}
	var d Decoder
	d.Commit(0) // nothing came: no misuse
}

func TestDecoderReturnsItsBuffer(t *testing.T) {
	lent := pool.Lent()
	var d Decoder
	wantBuffer := func(want bool, when string) {
		t.Helper()
		if (d.buf != nil) != want {
			t.Errorf("%s the Decoder holds a buffer: %v, want %v", when, d.buf != nil, want)
		}
		if got := pool.Lent() - lent; pool.Poisoned && (got == 1) != want {
			t.Errorf("%s %d buffers are out", when, got)
		}
	}
	hello := masked(true, OpText, "Hello")
	wantBuffer(false, "when new")
	d.Release()
	wantBuffer(false, "after an early Release")
	d.Commit(copy(d.Space(100), hello[:8]))
	wantBuffer(true, "with half a frame")
	if _, err := d.Next(); err != ErrShort {
		t.Fatal(err)
	}
	d.Release()
	wantBuffer(true, "after Release with half a frame")
	d.Commit(copy(d.Space(4096), hello[8:]))
	if f, err := d.Next(); err != nil || string(f.Payload) != "Hello" {
		t.Fatalf("Next = %q, %v", f.Payload, err)
	}
	wantBuffer(true, "with a payload handed out")
	d.Release()
	wantBuffer(false, "after Release")
	if _, err := d.Next(); err != ErrShort {
		t.Errorf("Next without a buffer: %v, want %v", err, ErrShort)
	}
	for _, size := range []int{1, 5000, 100_000} {
		d.Space(size)
		wantBuffer(true, "after Space")
	}
	d.Commit(3)
	d.Reset()
	wantBuffer(false, "after Reset")
	d.Reset()
	wantBuffer(false, "after a second Reset")
}

func TestDecoderDetach(t *testing.T) {
	lent := pool.Lent()
	hello, world := masked(true, OpText, "Hello"), masked(true, OpText, "world")
	for cut := range len(world) + 1 {
		var d Decoder
		d.Detach()
		d.Commit(copy(d.Space(100), join(hello, world[:cut])))
		f, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if cut < len(world) {
			if _, err := d.Next(); err != ErrShort {
				t.Fatalf("Next with %d bytes of the next frame: %v", cut, err)
			}
		}
		d.Detach()
		clear(d.Space(4096))
		d.Commit(copy(d.Space(100), world[cut:]))
		g, err := d.Next()
		if string(g.Payload) != "world" || err != nil {
			t.Errorf("with %d bytes unread at Detach, Next = %q, %v, want %q", cut, g.Payload, err, "world")
		}
		d.Reset()
		if string(f.Payload) != "Hello" {
			t.Errorf("after Detach the payload is %q, want %q", f.Payload, "Hello")
		}
	}
	if got := pool.Lent(); got != lent {
		t.Errorf("%d buffers are out, want %d", got, lent)
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

func TestDecoderReset(t *testing.T) {
	d := Decoder{Role: Client, RSV: RSV1, MaxMessage: 100}
	for name, stream := range map[string][]byte{
		"a violation":             wire("83 00"),
		"half a message":          plain(false, OpText, "\xE2"),
		"half a frame":            plain(true, OpText, "abc")[:3],
		"Close":                   plain(true, OpClose, ""),
		"a message up to a limit": plain(false, OpBinary, strings.Repeat("x", 100)),
	} {
		decode(&d, stream)
		d.Reset()
		if want := (Decoder{Role: Client, RSV: RSV1, MaxMessage: 100}); d != want {
			t.Errorf("Reset after %s leaves %+v, want %+v", name, d, want)
		}
		if frames, _, err := decode(&d, plain(true, OpText, "new")); len(frames) != 1 || err != ErrShort {
			t.Errorf("after Reset after %s: %v, %v", name, frames, err)
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
