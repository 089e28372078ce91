package wstest

import (
	"encoding/hex"
	"strings"
)

// Unhex returns the bytes that s spells in hexadecimal. Spaces and line breaks
// separate as the writer likes: "81 05 48656c6c6f". It panics if s is malformed.
func Unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic("wstest: Unhex(" + s + "): " + err.Error())
	}
	return b
}

// Bits returns the bytes that s spells in binary, most significant bit first.
// Spaces separate the fields of a header: "1 000 0001 0 0000101". It panics if
// s has another character or is not a whole number of bytes.
func Bits(s string) []byte {
	digits := strings.Join(strings.Fields(s), "")
	if len(digits)%8 != 0 {
		panic("wstest: Bits(" + s + "): not a whole number of bytes")
	}
	b := make([]byte, len(digits)/8)
	for i, d := range []byte(digits) {
		if d != '0' && d != '1' {
			panic("wstest: Bits(" + s + "): not a binary digit")
		}
		b[i/8] = b[i/8]<<1 | (d - '0')
	}
	return b
}
