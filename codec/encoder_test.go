package codec

import (
	"bytes"
	"strings"
	"testing"
)

func TestAppendFrame(t *testing.T) {
	for _, tt := range []struct {
		name    string
		h       Header
		payload string
		want    string
	}{
		{"unmasked", Header{Fin: true, Opcode: OpText}, "Hello", "81 05 48656C6C6F"},
		{"masked", Header{Fin: true, Opcode: OpText, Masked: true, Key: testKey}, "Hello", "81 85 37FA213D 7F9F4D5158"},
		{"empty", Header{Fin: true, Opcode: OpPing}, "", "89 00"},
		{"empty, masked", Header{Fin: true, Opcode: OpPong, Masked: true, Key: testKey}, "", "8A 80 37FA213D"},
		{"Length is set from the payload", Header{Fin: true, Opcode: OpText, Length: 77}, "Hello", "81 05 48656C6C6F"},
		{"legal or not", Header{RSV: RSV3, Opcode: 0xB}, "H", "1B 01 48"},
	} {
		payload, want := []byte(tt.payload), wire(tt.want)
		got := AppendFrame([]byte("dst"), tt.h, payload)
		if string(got) != "dst"+string(want) {
			t.Errorf("%s: AppendFrame(%q, %+v, %q) = % x, want % x", tt.name, "dst", tt.h, tt.payload, got[3:], want)
		}
		if string(payload) != tt.payload {
			t.Errorf("%s: AppendFrame changed the payload to %q", tt.name, payload)
		}
		if got := SizeFrame(tt.h, len(payload)); got != len(want) {
			t.Errorf("%s: SizeFrame(%+v, %d) = %d, want %d", tt.name, tt.h, len(payload), got, len(want))
		}
	}
}

func TestAppendFrameLengths(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70_000} {
		for _, masked := range []bool{false, true} {
			h := Header{Fin: true, Opcode: OpBinary, Masked: masked}
			if masked {
				h.Key = testKey
			}
			payload := bytes.Repeat([]byte("p"), n)
			b := AppendFrame(nil, h, payload)
			if got := SizeFrame(h, n); got != len(b) {
				t.Errorf("SizeFrame(%+v, %d) = %d, want %d", h, n, got, len(b))
			}
			h.Length = uint64(n)
			got, size, err := ParseHeader(b)
			if got != h || size+n != len(b) || err != nil {
				t.Errorf("ParseHeader(AppendFrame(%+v)) = %+v, %d, %v", h, got, size, err)
			}
			Mask(b[size:], h.Key, 0)
			if !bytes.Equal(b[size:], payload) {
				t.Errorf("%d bytes, masked %v: the payload does not come back", n, masked)
			}
		}
	}
}

func TestEncoder(t *testing.T) {
	type frame struct {
		h       Header
		payload string
		want    error
	}
	text := Header{Fin: true, Opcode: OpText, Key: testKey}
	for _, tt := range []struct {
		name   string
		rsv    uint8
		frames []frame
	}{
		{"messages", 0, []frame{{text, "a", nil}, {Header{Fin: true, Opcode: OpBinary}, "\xFF", nil}}},
		{"fragments with a ping between them", 0, []frame{
			{Header{Opcode: OpText}, "a", nil}, {Header{Fin: true, Opcode: OpPing}, "p", nil}, {Header{Fin: true}, "b", nil},
		}},
		{"nothing to continue", 0, []frame{{Header{Fin: true}, "", ErrContinuation}}},
		{"interleaved, then continued", 0, []frame{{Header{Opcode: OpText}, "a", nil}, {text, "b", ErrInterleaved}, {Header{Fin: true}, "c", nil}}},
		{"reserved bits", 0, []frame{{Header{Fin: true, Opcode: OpText, RSV: RSV1}, "a", ErrReservedBits}}},
		{"negotiated bit", RSV1, []frame{
			{Header{Opcode: OpText, RSV: RSV1}, "a", nil}, {Header{Fin: true, RSV: RSV1}, "b", ErrReservedBits}, {Header{Fin: true}, "b", nil},
			{Header{Fin: true, Opcode: OpPing, RSV: RSV1}, "a", ErrReservedBits},
		}},
		{"reserved opcode", 0, []frame{{Header{Fin: true, Opcode: 7}, "a", ErrReservedOpcode}}},
		{"opcode that does not fit", 0, []frame{{Header{Fin: true, Opcode: 0x11}, "a", ErrReservedOpcode}}},
		{"control frames", 0, []frame{
			{Header{Fin: true, Opcode: OpPong}, strings.Repeat("x", 125), nil},
			{Header{Fin: true, Opcode: OpPong}, strings.Repeat("x", 126), ErrControlTooLong},
			{Header{Opcode: OpPing}, "", ErrControlFragmented},
		}},
		{"Close", 0, []frame{
			{Header{Fin: true, Opcode: OpClose}, "\x03", ErrCloseTruncated},
			{Header{Fin: true, Opcode: OpClose}, "\x03\xED", ErrCloseStatus},
			{Header{Fin: true, Opcode: OpClose}, "\x03\xE8\xFF", ErrCloseReason},
			{Header{Fin: true, Opcode: OpClose}, "\x03\xE8" + strings.Repeat("x", 124), ErrControlTooLong},
			{Header{Fin: true, Opcode: OpClose}, "\x03\xE8bye", nil},
			{text, "a", ErrAfterClose},
			{Header{Fin: true, Opcode: OpClose}, "", ErrAfterClose},
		}},
	} {
		for _, role := range []Role{Server, Client} {
			t.Run(tt.name+" by a "+role.String(), func(t *testing.T) {
				e := Encoder{Role: role, RSV: tt.rsv}
				d := Decoder{Role: role.Peer(), RSV: tt.rsv}
				defer d.Reset()
				for i, f := range tt.frames {
					before := []byte("dst")
					got, err := e.Append(before, f.h, []byte(f.payload))
					if err != f.want {
						t.Fatalf("frame %d: Append(%+v, %q) = %v, want %v", i, f.h, f.payload, err, f.want)
					}
					if err != nil {
						if string(got) != "dst" {
							t.Errorf("frame %d: a refused Append leaves %q", i, got)
						}
						continue
					}
					d.Commit(copy(d.Space(len(got)), got[3:]))
					g, err := d.Next()
					if err != nil || g.Opcode != f.h.Opcode || g.Fin != f.h.Fin || g.RSV != f.h.RSV || string(g.Payload) != f.payload {
						t.Errorf("frame %d: what Append(%+v, %q) wrote is read as %+v, %v", i, f.h, f.payload, g, err)
					}
					if g.Masked != (role == Client) {
						t.Errorf("frame %d of a %v: masked is %v", i, role, g.Masked)
					}
				}
			})
		}
	}
}

func TestEncoderCheck(t *testing.T) {
	e := Encoder{Role: Client}
	h := Header{Fin: true, Opcode: OpBinary, Length: 1 << 40}
	if err := e.Check(&h); err != nil || !h.Masked {
		t.Errorf("Check of a large frame = %v, Masked = %v, want nil, true", err, h.Masked)
	}
	h.Length = 1 << 63
	if err := e.Check(&h); err != ErrLengthOverflow {
		t.Errorf("Check of a length of 64 bits = %v, want %v", err, ErrLengthOverflow)
	}
	e = Encoder{Role: Server}
	h = Header{Fin: true, Opcode: OpBinary, Masked: true}
	if err := e.Check(&h); err != nil || h.Masked {
		t.Errorf("Check by a server = %v, Masked = %v, want nil, false", err, h.Masked)
	}
}
