package codec

import (
	"encoding/binary"
	"math/bits"
)

// text is what the grammar functions read: bytes from the wire or a string
// from the program.
type text interface{ ~string | ~[]byte }

// The character classes, one bit each.
const (
	tokenChar    = 1 << iota // RFC 9110 §5.6.2 tchar
	targetChar               // RFC 3986 characters of path and query, and the others that browsers leave unescaped: VCHAR without "#"
	valueChar                // RFC 9110 §5.5 field-vchar, SP, HTAB
	hostChar                 // RFC 3986 §3.2.2 reg-name without "%"
	base64Char               // RFC 4648 §4
	hexChar                  // RFC 5234 HEXDIG, either case
	protocolChar             // VCHAR without what ends or quotes an element of a list
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

// IsToken reports whether s is a token (RFC 9110 §5.6.2): what a header name
// has to be, and a sub-protocol by RFC 6455 §4.1.
func IsToken[T text](s T) bool { return len(s) > 0 && allIn(s, tokenChar) }

// HasToken reports whether the comma-separated list contains token, which has
// to be in lower case; case is ignored in the list, as RFC 6455 §4.2.1 wants it
// for Upgrade and Connection.
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

// cutElement splits a comma-separated list (RFC 9110 §5.6.1) behind its first
// element, which comes without the white space around it and may be empty.
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

// trim cuts optional white space (RFC 9110 §5.6.3) off both ends.
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

// equalFold reports whether a and b differ in nothing but the case of ASCII
// letters.
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

// A byte of ones, and the highest bit of one, in each byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// skipToken returns the index of the first byte of b from i on that may not be in a
// token, or len(b). It walks in words of letters and hyphens, as header names are.
func skipToken(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		low := w &^ highs // so that no sum below carries
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

// skipValue returns the index of the first byte of b from i on that may not be
// in a header value, or len(b). It walks in words: values are most of a head.
func skipValue(b []byte, i int) int {
	for i+8 <= len(b) {
		// The lowest set bit of stop is in the first byte that is below 0x20
		// or DEL; borrows make only bits above it wrong.
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
