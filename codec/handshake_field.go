package codec

import "encoding/binary"

// field is a header name that has a meaning in the handshake. 0 is any other name.
type field uint8

const (
	fieldOther field = iota
	fieldHost
	fieldOrigin
	fieldUpgrade
	fieldConnection
	fieldContentLength
	fieldTransferEncoding
	fieldKey
	fieldAccept
	fieldVersion
	fieldProtocol
	fieldExtensions
	fieldEnd // not a name: the empty line after the last header line
)

var fieldNames = [fieldEnd]string{
	fieldHost:             "host",
	fieldOrigin:           "origin",
	fieldUpgrade:          "upgrade",
	fieldConnection:       "connection",
	fieldContentLength:    "content-length",
	fieldTransferEncoding: "transfer-encoding",
	fieldKey:              "sec-websocket-key",
	fieldAccept:           "sec-websocket-accept",
	fieldVersion:          "sec-websocket-version",
	fieldProtocol:         "sec-websocket-protocol",
	fieldExtensions:       "sec-websocket-extensions",
}

// fieldSlots is a perfect hash table of the fields. The hash is the length of the name and
// the lowest bit of its first letter, which does not depend on case. It needs no branch.
var fieldSlots = func() (slots [64]field) {
	for f := fieldHost; f < fieldEnd; f++ {
		slots[fieldSlot(fieldNames[f])] = f
	}
	return slots
}()

func fieldSlot[T text](name T) int { return (len(name)<<1 | int(name[0]&1)) % 64 }

// fieldOf returns the field with the given name, which is a token.
func fieldOf(name []byte) field {
	if f := fieldSlots[fieldSlot(name)]; foldsTo(name, fieldNames[f]) {
		return f
	}
	return fieldOther
}

// foldsTo reports whether s equals want, ignoring case. want consists of lower-case letters
// and hyphens. A hyphen in want requires that s is a token. Setting bit 5 folds letters and
// keeps hyphens. It turns no other byte into either, except CR into a hyphen.
func foldsTo(s []byte, want string) bool {
	const fold = 0x2020202020202020
	if len(s) != len(want) {
		return false
	}
	for len(want) >= 8 {
		if binary.LittleEndian.Uint64(s)|fold != word(want) {
			return false
		}
		s, want = s[8:], want[8:]
	}
	for i := range len(want) {
		if s[i]|0x20 != want[i] {
			return false
		}
	}
	return true
}

// word returns the first 8 bytes of s as a little-endian word.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
