package codec

import "encoding/binary"

// field is a header name that the handshake gives a meaning. 0 is any other.
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
	fieldEnd // not a name: the empty line behind the last one
)

// fieldOf returns the field that name, a token, stands for. The length leaves
// one candidate or two.
func fieldOf(name []byte) field {
	switch len(name) {
	case 4:
		return match(name, "host", fieldHost)
	case 6:
		return match(name, "origin", fieldOrigin)
	case 7:
		return match(name, "upgrade", fieldUpgrade)
	case 10:
		return match(name, "connection", fieldConnection)
	case 14:
		return match(name, "content-length", fieldContentLength)
	case 17:
		if name[0]|0x20 == 't' {
			return match(name, "transfer-encoding", fieldTransferEncoding)
		}
		return match(name, "sec-websocket-key", fieldKey)
	case 20:
		return match(name, "sec-websocket-accept", fieldAccept)
	case 21:
		return match(name, "sec-websocket-version", fieldVersion)
	case 22:
		return match(name, "sec-websocket-protocol", fieldProtocol)
	case 24:
		return match(name, "sec-websocket-extensions", fieldExtensions)
	}
	return fieldOther
}

// match returns f if name, a token, is want, which is made of lower-case letters
// and hyphens and as long as name; else fieldOther. Setting bit 5 folds letters,
// keeps hyphens, and makes neither out of any other character of a token.
func match(name []byte, want string, f field) field {
	const fold = 0x2020202020202020
	for len(want) >= 8 {
		if binary.LittleEndian.Uint64(name)|fold != word(want) {
			return fieldOther
		}
		name, want = name[8:], want[8:]
	}
	for i := range len(want) {
		if name[i]|0x20 != want[i] {
			return fieldOther
		}
	}
	return f
}

// word is binary.LittleEndian.Uint64 for a string.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
