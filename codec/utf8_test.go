package codec

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// octets has one or more of every kind that RFC 3629 tells apart.
var octets = []byte{
	0x00, 0x41, 0x7F, // one byte
	0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, // continuation
	0xC0, 0xC1, // would be overlong
	0xC2, 0xDF, // begins two
	0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, // begins three
	0xF0, 0xF1, 0xF3, 0xF4, // begins four
	0xF5, 0xF8, 0xFF, // nothing
}

// endings complete every code point that can be cut off at all.
var endings = []string{"", "\x80", "\x80\x80", "\xA0\x80", "\x80\x80\x80", "\x90\x80\x80"}

// viable reports whether some text begins with p.
func viable(p []byte) bool {
	for _, ending := range endings {
		if utf8.ValidString(string(p) + ending) {
			return true
		}
	}
	return false
}

// All texts of up to four of the octets, in two pieces cut anywhere and byte by
// byte, against unicode/utf8.
func TestUTF8AgainstStandardLibrary(t *testing.T) {
	var text [4]byte
	var try func(n int)
	try = func(n int) {
		p := text[:n]
		want, complete := viable(p), utf8.Valid(p)
		for cut := range n + 1 {
			var u UTF8
			got := u.Check(p[:cut]) && u.Check(p[cut:])
			if got != want || got && u.Complete() != complete {
				t.Errorf("% x cut at %d: Check = %v, Complete = %v, want %v, %v", p, cut, got, u.Complete(), want, complete)
			}
		}
		if !want || n == len(text) {
			return // what begins so is hopeless as well
		}
		for _, octet := range octets {
			text[n] = octet
			try(n + 1)
		}
	}
	try(0)
}

// The first byte that rules out every continuation is the one that fails.
func TestPromise08TextFailsAtTheFirstImpossibleByte(t *testing.T) {
	for _, tt := range []struct {
		name string
		text string
		at   int // index of the byte that proves it, or -1
	}{
		{"ASCII", "48 65 6C 6C 6F", -1},
		{"every length", "24 C2A2 E282AC F09F9880", -1},
		{"the last code point", "F48FBFBF", -1},
		{"one above the last code point", "F4908080", 1},
		{"far above the last code point", "41 F7BFBFBF", 1},
		{"a surrogate", "CEBA EDA080", 3},
		{"before the surrogates", "ED9FBF", -1},
		{"behind the surrogates", "EE8080", -1},
		{"overlong in two bytes", "C0AF", 0},
		{"overlong in three bytes", "E080AF", 1},
		{"overlong in four bytes", "F08080AF", 1},
		{"the least in three bytes", "E0A080", -1},
		{"the least in four bytes", "F0908080", -1},
		{"a continuation byte alone", "41 80 41", 1},
		{"cut off by ASCII", "E282 41", 2},
		{"cut off by another beginning", "E282 E282AC", 2},
		{"five bytes", "F888808080", 0},
		{"never in UTF-8", "41 FE", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := wire(tt.text)
			for piece := 1; piece <= len(text); piece++ {
				var u UTF8
				failed := -1
				for begin := 0; begin < len(text) && failed < 0; begin += piece {
					if end := min(begin+piece, len(text)); !u.Check(text[begin:end]) {
						failed = end - 1
					}
				}
				want := tt.at // the piece that holds the byte fails, not a later one
				if want >= 0 {
					want = min((want/piece+1)*piece, len(text)) - 1
				}
				if failed != want {
					t.Errorf("% x in pieces of %d fails at %d, want %d", text, piece, failed, want)
				}
			}
		})
	}
}

func TestUTF8Complete(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"", true},
		{"41", true},
		{"C2", false},
		{"C2A2", true},
		{"E2", false},
		{"E282", false},
		{"E282AC", true},
		{"F09F98", false},
		{"F09F9880", true},
		{"F09F9880 F4", false},
	} {
		var u UTF8
		if text := wire(tt.text); !u.Check(text) || u.Complete() != tt.want {
			t.Errorf("after % x Complete = %v, want %v", text, u.Complete(), tt.want)
		}
	}
}

// A long text, so that every place in the words of a fast path is met.
func TestUTF8LongText(t *testing.T) {
	for _, code := range []string{"e", "é", "€", "😀"} {
		for before := range 40 {
			text := []byte(fmt.Sprintf("%*s%s%40s", before, "", code, ""))
			for cut := range len(text) {
				var u UTF8
				if !u.Check(text[:cut]) || !u.Check(text[cut:]) || !u.Complete() {
					t.Fatalf("%q cut at %d is refused", text, cut)
				}
			}
			for i := range text {
				spoilt := append([]byte(nil), text...)
				spoilt[i] = 0xFF
				var u UTF8
				if u.Check(spoilt) {
					t.Fatalf("Check(%q) = true", spoilt)
				}
			}
		}
	}
}

// The verdict on a text in two pieces is that on the whole, wherever it is cut,
// for pieces that are long enough for the kernels.
func TestUTF8EveryCut(t *testing.T) {
	runEachSet(t, func(t *testing.T) {
		for seed := range uint64(60) {
			rnd := rand.New(rand.NewPCG(seed, 8))
			text := randomText(rnd, 150+rnd.IntN(100))
			if seed%2 == 1 {
				text[rnd.IntN(len(text))] = octets[rnd.IntN(len(octets))]
			}
			want := utf8.Valid(text)
			for cut := range len(text) + 1 {
				var u UTF8
				if got := u.Check(text[:cut]) && u.Check(text[cut:]) && u.Complete(); got != want {
					t.Fatalf("seed %d: % x cut at %d: %v, want %v", seed, text, cut, got, want)
				}
			}
		}
	})
}

// randomText returns valid text of n bytes, in runs of one script or mixed.
func randomText(rnd *rand.Rand, n int) []byte {
	kinds := []string{"a z~", "é߿Łж", "€你\u0800\uFFFF", "😀\U00010000\U0010FFFF"}
	var text []byte
	run, mixed := 0, rnd.IntN(2) == 0
	for len(text) < n {
		if mixed || rnd.IntN(20) == 0 {
			run = rnd.IntN(len(kinds))
		}
		codes := []rune(kinds[run])
		code := utf8.AppendRune(nil, codes[rnd.IntN(len(codes))])
		if len(text)+len(code) > n {
			code = []byte("x")
		}
		text = append(text, code...)
	}
	return text
}
