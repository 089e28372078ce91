package connect

import (
	"errors"
	"os"
	"strings"
	"unicode/utf8"
)

// What a terminal cannot show, and bubbletea would drop or change, is carried through
// the editing as one rune of a private range for each byte: control characters, bytes
// that are not UTF-8, and the bytes of that range itself. So every byte comes back
// from text as it was pasted or typed.
const (
	firstCarried = 0x10FE00
	lastCarried  = firstCarried + 0xFF
)

// carry appends to dst what stands for p. Of what was typed, only NUL and what is not
// UTF-8 is no key.
func carry(dst, p []byte, typed bool) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		shown := typed && r != 0 || r >= ' ' && r != 0x7f
		if shown && (r != utf8.RuneError || n > 1) && (r < firstCarried || r > lastCarried) {
			dst = append(dst, p[:n]...)
		} else {
			for _, b := range p[:n] {
				dst = utf8.AppendRune(dst, firstCarried+rune(b))
			}
		}
		p = p[n:]
	}
	return dst
}

// carried returns the bytes that text stands for.
func carried(text string) []byte {
	p := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= firstCarried && r <= lastCarried {
			p = append(p, byte(r-firstCarried))
		} else {
			p = utf8.AppendRune(p, r)
		}
	}
	return p
}

// pictures returns text as it is shown: as many runes, with signs for what cannot be.
func pictures(text string) []rune {
	shown := []rune(text)
	for i, r := range shown {
		switch b := r - firstCarried; {
		case b < 0 || b > 0xFF:
		case b < ' ':
			shown[i] = '␀' + b
		case b == 0x7f:
			shown[i] = '␡'
		default:
			shown[i] = utf8.RuneError
		}
	}
	return shown
}

// keys is the terminal as bubbletea reads it: with pasted text, and what is typed and
// not UTF-8, carried.
type keys struct {
	*os.File
	pasting bool
	matched int    // bytes of the marker that comes next that have been read
	held    []byte // the end of what was read, if more has to be known
}

// How a terminal marks what is pasted (bracketed paste of xterm).
const (
	pasteBegins = "\x1b[200~"
	pasteEnds   = "\x1b[201~"
)

// Read reads as much as fits into p when it is carried. It may return 0 bytes.
func (k *keys) Read(p []byte) (int, error) {
	buf := make([]byte, max(len(p)/utf8.UTFMax-len(k.held), 1))
	n, err := k.File.Read(buf)
	return len(k.translate(p[:0], buf[:n])), err
}

// translate appends what stands for in, which was read, to dst.
func (k *keys) translate(dst, in []byte) []byte {
	in = append(k.held, in...)
	k.held = nil
	for len(in) > 0 {
		if !k.pasting {
			n := k.untilPaste(in)
			if n == len(in) && !k.pasting {
				n -= unfinishedRune(in)
				k.held = append(k.held, in[n:]...)
				return carry(dst, in[:n], true)
			}
			dst = carry(dst, in[:n], true)
			in = in[n:]
			continue
		}
		text, rest, ended := strings.Cut(string(in), pasteEnds)
		if !ended {
			whole := len(in) - unfinished(in)
			dst = carry(dst, []byte(newlines.Replace(text[:whole])), false)
			k.held = append(k.held, in[whole:]...)
			return dst
		}
		dst = append(carry(dst, []byte(newlines.Replace(text)), false), pasteEnds...)
		k.pasting, in = false, []byte(rest)
	}
	return dst
}

// untilPaste returns how much of p comes before pasted text, with the marker.
func (k *keys) untilPaste(p []byte) int {
	for i, b := range p {
		if b != pasteBegins[k.matched] {
			k.matched = 0
		}
		if b == pasteBegins[k.matched] {
			k.matched++
		}
		if k.matched == len(pasteBegins) {
			k.matched, k.pasting = 0, true
			return i + 1
		}
	}
	return len(p)
}

// unfinished returns how many bytes at the end of p may be the beginning of the
// marker behind pasted text, of a character, or of a line's end.
func unfinished(p []byte) int {
	for n := min(len(pasteEnds)-1, len(p)); n > 0; n-- {
		if strings.HasPrefix(pasteEnds, string(p[len(p)-n:])) {
			return n
		}
	}
	if len(p) > 0 && p[len(p)-1] == '\r' {
		return 1
	}
	return unfinishedRune(p)
}

// unfinishedRune returns how many bytes at the end of p begin a character that they do
// not end.
func unfinishedRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		tail := p[len(p)-n:]
		if utf8.RuneStart(tail[0]) && !utf8.FullRune(tail) {
			return n
		}
	}
	return 0
}

// newlines undoes what terminals do to the lines' ends of what is pasted.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// errNotUTF8 says why a text message is not sent.
var errNotUTF8 = errors.New("it is not UTF-8: --binary sends any bytes")
