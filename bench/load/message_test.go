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

func TestNewBatch(t *testing.T) {
	b := NewBatch(ASCII, 125, 3, 7)
	for i := range b.Len() {
		if len(b.Payload(i)) != 125 || i > 0 && bytes.Equal(b.Payload(i), b.Payload(i-1)) {
			t.Errorf("message %d has %d bytes, or is the one before, want 125 others", i, len(b.Payload(i)))
		}
	}
	if b.Len() != 3 {
		t.Errorf("Len() = %d, want 3", b.Len())
	}
}
