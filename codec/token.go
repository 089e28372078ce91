package codec

import (
	"encoding/binary"
	"math/bits"
)

// text is the input of the grammar functions: received bytes, or a string of the program.
type text interface{ ~string | ~[]byte }

// The character classes, one bit each.
const (
	tokenChar    = 1 << iota // RFC 9110 §5.6.2 tchar
	targetChar               // VCHAR without "#": RFC 3986 path and query, and characters that browsers do not escape
	valueChar                // RFC 9110 §5.5 field-vchar, SP, HTAB
	hostChar                 // RFC 3986 §3.2.2 reg-name without "%"
	base64Char               // RFC 4648 §4
	hexChar                  // RFC 5234 HEXDIG, either case
	protocolChar             // VCHAR without comma and quotation mark
)

var class = func() (t [256]uint8) {
	const (
		digit = "0123456789"
		lower = "abcdefghijklmnopqrstuvwxyz"
		upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		alnum = digit + lower + upper
	)
	mark := func(bit uint8, set string) {
		for i := range len(set) {
			t[set[i]] |= bit
		}
	}
	mark(tokenChar, alnum+"!#$%&'*+-.^_`|~")
	mark(hostChar, alnum+"-._~"+"!$&'()*+,;=")
	mark(base64Char, alnum+"+/")
	mark(hexChar, digit+"abcdefABCDEF")
	mark(valueChar, " \t")
	for c := '!'; c <= '~'; c++ {
		t[c] |= valueChar | targetChar | protocolChar
	}
	t[','] &^= protocolChar
	t['"'] &^= protocolChar
	for c := 0x80; c <= 0xFF; c++ {
		t[c] |= valueChar // obs-text
	}
	t['#'] &^= targetChar
	return t
}()

// allIn reports whether every byte of s is in the class set.
func allIn[T text](s T, set uint8) bool {
	for i := range len(s) {
		if class[s[i]]&set == 0 {
			return false
		}
	}
	return true
}

// IsToken reports whether s is a token (RFC 9110 §5.6.2). A header name must be one, and by
// RFC 6455 §4.1 a sub-protocol.
func IsToken[T text](s T) bool { return len(s) > 0 && allIn(s, tokenChar) }

// HasToken reports whether the comma-separated list contains token, ignoring case, as RFC
// 6455 §4.2.1 requires for Upgrade and Connection.
func HasToken[T text](list T, token string) bool {
	for len(list) > 0 {
		var element T
		element, list = cutElement(list)
		if equalFold(element, token) {
			return true
		}
	}
	return false
}

// cutElement splits a comma-separated list (RFC 9110 §5.6.1) after its first element. It
// trims white space around the element, which may be empty.
func cutElement[T text](list T) (element, rest T) {
	i := 0
	for i < len(list) && list[i] != ',' {
		i++
	}
	element = trim(list[:i])
	if i < len(list) {
		i++
	}
	return element, list[i:]
}

// trim removes optional white space (RFC 9110 §5.6.3) from both ends.
func trim[T text](s T) T {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return c-'0' < 10 }

// equalFold reports whether a equals b, ignoring the case of ASCII letters.
func equalFold[T text](a T, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(b) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// The lowest bit, and the highest bit, of each byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// skipToken returns the index of the first byte of b, from i on, that a token must not
// contain, or len(b). It skips 8 bytes at a time if all are letters or hyphens.
func skipToken(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		low := w &^ highs // without high bits, so that no sum below carries
		folded := low | 0x20*ones
		letter := (folded + (0x80-'a')*ones) &^ (folded + (0x7F-'z')*ones)
		other := low ^ '-'*ones + 0x7F*ones
		stop := (w | other&^letter) & highs
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) / 8
		if class[b[i]]&tokenChar == 0 {
			return i
		}
		i++
	}
	for i < len(b) && class[b[i]]&tokenChar != 0 {
		i++
	}
	return i
}

// skipValue returns the index of the first byte of b, from i on, that a header value must not
// contain, or len(b). It checks 8 bytes at a time: most bytes of a head are in values.
func skipValue(b []byte, i int) int {
	for i+8 <= len(b) {
		// The lowest set bit of stop is in the first byte that is DEL or below 0x20.
		// Borrows can set wrong bits only above it.
		w := binary.LittleEndian.Uint64(b[i:])
		del := w ^ 0x7F*ones
		stop := ((w-0x20*ones)&^w | (del-ones)&^del) & highs
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(b) && class[b[i]]&valueChar != 0 {
		i++
	}
	return i
}
