package load

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestPayload(t *testing.T) {
	for _, tt := range []struct {
		name       string
		content    Content
		size, want int
	}{
		{"ASCII", ASCII, 125, 125},
		{"CJK", CJK, 1 << 20, 1<<20 - 1},
		{"binary", Binary, 1001, 1001},
	} {
		p := Payload(tt.content, tt.size, 1)
		if len(p) != tt.want || tt.content != Binary && !utf8.Valid(p) {
			t.Errorf("%s: Payload gives %d bytes, valid UTF-8: %v, want %d", tt.name, len(p), utf8.Valid(p), tt.want)
		}
		if !bytes.Equal(p, Payload(tt.content, tt.size, 1)) || bytes.Equal(p, Payload(tt.content, tt.size, 2)) {
			t.Errorf("%s: Payload does not depend on the seed, or not on the seed alone", tt.name)
		}
	}
}

// The masked "Hello" of RFC 6455 §5.7, and the three forms of the length.
func TestAppendFrame(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		head []byte
	}{
		{"7 bits", 125, []byte{0x82, 0xFD, 1, 2, 3, 4}},
		{"16 bits", 126, []byte{0x82, 0xFE, 0, 126, 1, 2, 3, 4}},
		{"64 bits", 1 << 16, []byte{0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}},
	} {
		frame := appendFrame(nil, opBinary, make([]byte, tt.size), [4]byte{1, 2, 3, 4})
		if !bytes.HasPrefix(frame, tt.head) || len(frame) != len(tt.head)+tt.size {
			t.Errorf("%s: appendFrame gives %d bytes, % x …, want % x …", tt.name, len(frame), frame[:len(tt.head)], tt.head)
		}
	}
	want := []byte{0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58}
	if got := appendFrame(nil, opText, []byte("Hello"), [4]byte{0x37, 0xFA, 0x21, 0x3D}); !bytes.Equal(got, want) {
		t.Errorf("appendFrame = % x, want % x", got, want)
	}
}

func TestNewBatch(t *testing.T) {
	b := NewBatch(ASCII, 125, 3, 7)
	var wire []byte
	for i, m := range b.Messages {
		wire = append(wire, m.Frame...)
		if i > 0 && bytes.Equal(m.Payload, b.Messages[i-1].Payload) {
			t.Errorf("messages %d and %d are the same", i-1, i)
		}
	}
	if !bytes.Equal(b.Wire, wire) {
		t.Errorf("Wire is not the frames one after the other")
	}
}
