//go:build !purego && (amd64 || arm64)

package codec

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// The oracle here is unicode/utf8, which is also what the kernels take the place
// of: there is nothing to test without them.

// runEachKernel runs test as a subtest for every set in assembly.
func runEachKernel(t *testing.T, test func(t *testing.T)) {
	forEachSet(func(name string) {
		if name != portable {
			t.Run(name, test)
		}
	})
}

// wantValid compares validUTF8 with unicode/utf8.
func wantValid(t *testing.T, text []byte) {
	t.Helper()
	if got, want := validUTF8(text), utf8.Valid(text); got != want {
		t.Fatalf("validUTF8(% x), %d bytes, = %v, want %v", text, len(text), got, want)
	}
}

// Every sequence of 2 bytes, and of 3 and 4 all that RFC 3629 tells apart, at a
// place that moves through the blocks.
func TestValidUTF8Sequences(t *testing.T) {
	runEachKernel(t, func(t *testing.T) {
		const length = 48
		text := []byte(strings.Repeat("x", length))
		place := 0
		try := func(sequence ...byte) {
			copy(text[place:], sequence)
			wantValid(t, text)
			copy(text[place:], "xxxx")
			place = (place + 1) % (length - len(sequence) + 1)
		}
		for a := 0x80; a < 0x100; a++ {
			try(byte(a))
			for b := range 0x100 {
				try(byte(a), byte(b))
			}
		}
		for _, a := range octets {
			for _, b := range octets {
				for c := range 0x100 {
					try(a, b, byte(c))
				}
			}
		}
		for a := 0xE0; a < 0x100; a++ {
			for b := range 0x100 {
				for _, c := range []byte{0x41, 0x80, 0xBF, 0xC2, 0xF0} {
					for _, d := range []byte{0x41, 0x80, 0xBF, 0xC2, 0xF0} {
						try(byte(a), byte(b), c, d)
					}
				}
			}
		}
	})
}

// Every code point, with the surrogates, what is above U+10FFFF, and all in forms
// that are too long.
func TestValidUTF8CodePoints(t *testing.T) {
	const place = 13 // on the border between the first block of 16 bytes and the second
	runEachKernel(t, func(t *testing.T) {
		text := []byte(strings.Repeat("x", 24))
		for code := range 1 << 21 {
			low := [3]byte{0x80 | byte(code>>12&0x3F), 0x80 | byte(code>>6&0x3F), 0x80 | byte(code&0x3F)}
			text[place] = 0xF0 | byte(code>>18)
			copy(text[place+1:], low[:])
			wantValid(t, text)
			if code < 1<<16 {
				text[place] = 'x'
				text[place+1] = 0xE0 | byte(code>>12)
				wantValid(t, text)
			}
			if code < 1<<11 {
				text[place+1] = 'x'
				text[place+2] = 0xC0 | byte(code>>6)
				wantValid(t, text)
			}
		}
	})
}

// Every kind of code point and of fault at every place of texts of every length,
// so that each is met on every border between blocks.
func TestValidUTF8Places(t *testing.T) {
	sequences := []string{
		"é", "€", "\uD7FF", "\uE000", "😀", "\U0010FFFF",
		"\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xE2", "\xF0", "\xFF",
		"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
		"é\x80", "€\x80", "😀\x80", "\xE2\x82A", "\xF0\x9F\x98A", "\xF0\x9FA\x80",
	}
	fillings := []string{"x", "é", "€", "😀"}
	runEachKernel(t, func(t *testing.T) {
		for length := range 150 {
			for _, filling := range fillings {
				text := []byte(strings.Repeat(filling, length/len(filling)))
				text = append(text, strings.Repeat("x", length-len(text))...)
				wantValid(t, text)
				for _, sequence := range sequences {
					// Blocks begin at multiples of 16 from either end: all places near those.
					for place := 0; place+len(sequence) <= length; place += len(filling) {
						near := min(place%16, 16-place%16)
						if fromEnd := (length - place) % 16; min(near, fromEnd, 16-fromEnd) > 4 {
							continue
						}
						kept := string(text[place : place+len(sequence)])
						copy(text[place:], sequence)
						wantValid(t, text)
						copy(text[place:], kept)
					}
				}
			}
		}
	})
}

// Random texts of all scripts and lengths, whole and with one to three octets
// spoilt.
func TestValidUTF8Random(t *testing.T) {
	runEachKernel(t, func(t *testing.T) {
		for seed := range uint64(10_000) {
			rnd := rand.New(rand.NewPCG(seed, 3629))
			text := randomText(rnd, rnd.IntN(400))
			wantValid(t, text)
			for range min(1+rnd.IntN(3), len(text)) {
				text[rnd.IntN(len(text))] = octets[rnd.IntN(len(octets))]
				wantValid(t, text)
			}
		}
	})
}
