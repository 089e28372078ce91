package fuzz

import (
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzUTF8: UTF8 agrees with unicode/utf8 about every text, however it is cut,
// and fails in the piece with the first byte that rules out all continuations.
func FuzzUTF8(f *testing.F) {
	for _, c := range wstest.Cases("6") {
		for _, event := range c.Script().Want {
			seed(f, event.Payload, uint8(len(event.Payload)/2), uint8(3))
		}
		for _, step := range c.Script().Steps {
			if send, ok := step.(wstest.Send); ok {
				for _, frame := range send.Frames {
					seed(f, frame.Payload, uint8(1), uint8(1))
				}
			}
		}
	}
	for _, text := range []string{"\xF4\x90", "\xF4\x8F\xBF\xBF", "\xE0\x9F", "\xED\xA0", "\xF0\x8F", "12345678é", "1234567€\x80"} {
		seed(f, []byte(text), uint8(1), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, first, then uint8) {
		good := hopeful(text)
		for _, sizes := range [][]int{nil, {1}, {int(first) + 1, int(then) + 1}} {
			var u codec.UTF8
			seen := 0
			for piece := range wstest.Pieces(text, sizes...) {
				seen += len(piece)
				if ok := u.Check(piece); ok != (seen <= good) {
					t.Fatalf("% x in pieces of %d: Check up to %d is %v, the first %d bytes are good", text, sizes, seen, ok, good)
				} else if !ok {
					break
				}
				if got, want := u.Complete(), utf8.Valid(text[:seen]); got != want {
					t.Fatalf("% x in pieces of %d: Complete at %d is %v, want %v", text, sizes, seen, got, want)
				}
			}
		}
	})
}

// hopeful returns how many bytes of text can begin a valid text.
func hopeful(text []byte) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	for start := n; n < len(text) && beginsCodePoint(text[start:n+1]); {
		n++
	}
	return n
}

// beginsCodePoint reports whether something behind p makes it one code point.
func beginsCodePoint(p []byte) bool {
	for _, ending := range []string{"\x80", "\x80\x80", "\xA0\x80", "\x80\x80\x80", "\x90\x80\x80"} {
		if b := append(p[:len(p):len(p)], ending...); utf8.RuneCount(b) == 1 && utf8.Valid(b) {
			return true
		}
	}
	return false
}
