package wstest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/zerowire/websocket/codec"
)

func TestRFCVectors(t *testing.T) {
	for _, v := range RFCVectors {
		var got []byte
		for _, f := range v.Frames {
			if v.Masked {
				got = f.AppendMasked(got, v.Key)
			} else {
				got = f.Append(got)
			}
		}
		if !bytes.Equal(got, v.Wire) {
			t.Errorf("%s: %v encode to [% x], want [% x]", v.Name, v.Frames, got, v.Wire)
		}
		r := bytes.NewReader(v.Wire)
		for _, want := range v.Frames {
			f, masked, err := ReadFrame(r)
			if err != nil || masked != v.Masked || f.String() != want.String() || !bytes.Equal(f.Payload, want.Payload) {
				t.Errorf("%s: ReadFrame = %s, %t, %v; want %s, %t", v.Name, f, masked, err, want, v.Masked)
			}
		}
	}
}

func TestHeaderVectors(t *testing.T) {
	for _, v := range HeaderVectors {
		h, n, err := codec.ParseHeader(v.Wire)
		if h != v.Header || n != len(v.Wire) || err != nil {
			t.Errorf("%s: ParseHeader(% x) = %+v, %d, %v; want %+v, %d", v.Name, v.Wire, h, n, err, v.Header, len(v.Wire))
		}
	}
	for _, v := range InvalidHeaders {
		if _, _, err := codec.ParseHeader(v.Wire); err != v.Err {
			t.Errorf("%s: ParseHeader(% x) = %v, want %v", v.Name, v.Wire, err, v.Err)
		}
	}
}

func TestIllegalFrames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame Frame
		want  string // hexadecimal
		shown string
	}{
		{"reserved bits", Text("a").WithRSV(7), "F1 01 61", `text FIN RSV=7 1 "a"`},
		{"a reserved opcode", Reserved(11, ""), "8B 00", `opcode 11 FIN 0`},
		{"a fragmented ping", Ping("").More(), "09 00", `ping 0`},
		{"a length of one byte in two", Frame{Fin: true, Opcode: codec.OpBinary, Payload: []byte{1}, Form: Length16},
			"82 7E 00 01 01", `binary FIN 1 (16-bit length) "\x01"`},
		{"a length of one byte in eight", Frame{Fin: true, Opcode: codec.OpBinary, Payload: []byte{0xFF}, Form: Length64},
			"82 7F 00 00 00 00 00 00 00 01 FF", `binary FIN 1 (64-bit length) [ff]`},
		{"a header that claims more", Frame{Opcode: codec.OpText, Payload: []byte("ab"), Lie: 3}, "01 05 61 62", `text 2 (claims 5) "ab"`},
		{"a header that claims less", Frame{Opcode: codec.OpText, Payload: []byte("ab"), Lie: -1}, "01 01 61 62", `text 2 (claims 1) "ab"`},
		{"a header that claims 2^63-1", Frame{Opcode: codec.OpText, Lie: math.MaxInt64}, "01 7F 7F FF FF FF FF FF FF FF", `text 0 (claims 9223372036854775807)`},
		{"a length with the most significant bit set", Frame{Opcode: codec.OpText, Lie: math.MinInt64},
			"01 7F 80 00 00 00 00 00 00 00", `text 0 (claims 9223372036854775808)`},
		{"a Close with a code", Close(1001, ""), "88 02 03 E9", `close FIN 2 1001`},
		{"a Close with a reason", Close(1001, "bye"), "88 05 03 E9 62 79 65", `close FIN 5 1001 "bye"`},
		{"a Close of one byte", CloseBody("x"), "88 01 78", `close FIN 1 "x"`},
	} {
		if got := tt.frame.Append(nil); !bytes.Equal(got, Unhex(tt.want)) {
			t.Errorf("%s: Append = % X, want %s", tt.name, got, tt.want)
		}
		if got := tt.frame.String(); got != tt.shown {
			t.Errorf("%s: String() = %s, want %s", tt.name, got, tt.shown)
		}
		masked := tt.frame.AppendMasked(nil, [4]byte{})
		masked[1] &^= 0x80
		header := len(masked) - len(tt.frame.Payload) - 4
		if got := append(masked[:header:header], masked[header+4:]...); !bytes.Equal(got, Unhex(tt.want)) {
			t.Errorf("%s: AppendMasked without bit and key = % X, want %s", tt.name, got, tt.want)
		}
	}
}

func TestShowCutsBetweenCodePoints(t *testing.T) {
	got := Text("0123456789 0123456789 0123456789€ and more").String()
	if want := `text FIN 44 "0123456789 0123456789 0123456789"…`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
	got = Text("0123456789 0123456789 012345678€ and more").String()
	if want := `text FIN 43 "0123456789 0123456789 012345678"…`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
}

// TestReadFrameTruncated cuts a frame at every place.
func TestReadFrameTruncated(t *testing.T) {
	wire := Text("Hello").AppendMasked(nil, RFCKey)
	for n := range wire {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, _, err := ReadFrame(bytes.NewReader(wire[:n])); err != want {
			t.Errorf("ReadFrame of %d bytes: %v, want %v", n, err, want)
		}
	}
	huge := Frame{Opcode: codec.OpText, Payload: []byte("few"), Lie: 1 << 62}.Append(nil)
	if _, _, err := ReadFrame(bytes.NewReader(huge)); err != io.ErrUnexpectedEOF {
		t.Errorf("ReadFrame of a header that lies: %v, want %v", err, io.ErrUnexpectedEOF)
	}
	for _, v := range InvalidHeaders {
		if _, _, err := ReadFrame(bytes.NewReader(v.Wire)); !errors.Is(err, v.Err) {
			t.Errorf("%s: ReadFrame: %v, want %v", v.Name, err, v.Err)
		}
	}
}

func TestBitsAndUnhex(t *testing.T) {
	if got, want := Bits("1 000 0001 0 0000101"), Unhex("81 05"); !bytes.Equal(got, want) {
		t.Errorf("Bits = % x, want % x", got, want)
	}
	for name, f := range map[string]func(){
		"Bits with seven digits":      func() { Bits("1 000 000") },
		"Bits with a digit 2":         func() { Bits("2000 0000") },
		"Unhex with an odd length":    func() { Unhex("81 0") },
		"Unhex with a letter too far": func() { Unhex("8G") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic, want one", name)
				}
			}()
			f()
		}()
	}
}
