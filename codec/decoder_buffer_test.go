package codec

import (
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/pool"
)

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

// What has arrived of a frame is not moved, nor copied to a larger buffer, if the
// rest of it has room and no more is asked for.
func TestDecoderRoomForTheRestOfAFrame(t *testing.T) {
	for _, tt := range []struct {
		name    string
		size    int // of a frame that fits into the buffer to its last byte
		missing int
		ask     int
		stays   bool
	}{
		{"a byte is missing", 16 << 10, 1, 1, true},
		{"less than a read is missing", 16 << 10, 1000, 1, true},
		{"exactly what is missing", 16 << 10, 1000, 1000, true},
		{"a frame of MaxWhole", MaxWhole, 1, 1, true},
		{"more than is missing", 16 << 10, 1000, 1001, false},
	} {
		var d Decoder
		stream := masked(true, OpBinary, strings.Repeat("x", tt.size))
		arrived := len(stream) - tt.missing
		room := d.Space(64 << 10)
		ahead := masked(true, OpBinary, strings.Repeat("y", len(room)-len(stream)-8))
		d.Commit(copy(room, join(ahead, stream[:arrived])))
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Next(); err != ErrShort {
			t.Fatal(err)
		}
		buf, end := d.buf, d.end
		room = d.Space(tt.ask)
		if stayed := d.buf == buf && d.end == end; stayed != tt.stays || len(room) < max(tt.ask, tt.missing) {
			t.Errorf("%s: Space(%d) gives %d bytes, in place: %v, want %v", tt.name, tt.ask, len(room), stayed, tt.stays)
		}
		d.Commit(copy(room, stream[arrived:]))
		if f, err := d.Next(); err != nil || len(f.Payload) != tt.size || f.Payload[tt.size-1] != 'x' {
			t.Errorf("%s: then Next gives %d bytes, %v, want %d", tt.name, len(f.Payload), err, tt.size)
		}
		d.Reset()
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

// TestReleaseKeepsLittle: what little waits when the decoder is released moves to
// a buffer of its size, and is decoded as if nothing had happened.
func TestReleaseKeepsLittle(t *testing.T) {
	frame := AppendFrame(nil, Header{Fin: true, Opcode: OpText, Masked: true, Key: testKey}, []byte("a frame in two parts"))
	for cut := 1; cut < len(frame); cut++ {
		d := Decoder{}
		d.Commit(copy(d.Space(128<<10), frame[:cut]))
		if _, err := d.Next(); err != ErrShort {
			t.Fatalf("cut at %d: Next() = %v, want ErrShort", cut, err)
		}
		d.Release()
		if got := len(d.Space(1)); got > 1024 {
			t.Errorf("cut at %d: Space(1) after Release has %d bytes, want a small buffer", cut, got)
		}
		d.Commit(copy(d.Space(len(frame)), frame[cut:]))
		if f, err := d.Next(); err != nil || string(f.Payload) != "a frame in two parts" {
			t.Errorf("cut at %d: Next() = %q, %v", cut, f.Payload, err)
		}
		d.Reset()
	}
}
