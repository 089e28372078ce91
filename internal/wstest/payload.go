package wstest

import (
	"bytes"
	"unicode/utf8"
)

// textPattern has code points of every length. Its own length is odd, so that
// fragments of any size split some of them.
const textPattern = "plain ASCII, ß and λ, € and 世界, 𝄞 and 🌍; "

// TextPayload returns n bytes of valid UTF-8, the same for the same n.
func TextPayload(n int) []byte {
	b := bytes.Repeat([]byte(textPattern), n/len(textPattern)+1)
	whole := n
	for !utf8.RuneStart(b[whole]) {
		whole--
	}
	for i := whole; i < n; i++ {
		b[i] = '*' // where a code point would have been cut
	}
	return b[:n]
}

// BinaryPayload returns n bytes that are not UTF-8, the same for the same n.
// The period is no multiple of four, so that a masking key out of step shows.
func BinaryPayload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(0xFE - i%251)
	}
	return b
}
