package codec

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/base64"
)

// acceptGUID is the constant of RFC 6455 §1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// AcceptKey returns the Sec-WebSocket-Accept that answers key, the value of
// Sec-WebSocket-Key as it was sent: base64(SHA-1(key ‖ GUID)), RFC 6455
// §4.2.2 /5.4/. It does not judge key: ValidKey does. key is not retained.
func AcceptKey(key []byte) [28]byte {
	var room [24 + len(acceptGUID)]byte
	input := append(append(room[:0], key...), acceptGUID...)
	var sum [sha1.Size]byte
	// GODEBUG=fips140=only makes SHA-1 panic. Here it protects nothing: it shows that the
	// peer knows WebSocket (RFC 6455 §10.8).
	fips140.WithoutEnforcement(func() { sum = sha1.Sum(input) })
	var accept [28]byte
	base64.StdEncoding.Encode(accept[:], sum[:])
	return accept
}

// EncodeKey returns the Sec-WebSocket-Key for nonce. "The nonce MUST be
// selected randomly for each connection" (RFC 6455 §4.1): that is the caller's
// part.
func EncodeKey(nonce [16]byte) [24]byte {
	var key [24]byte
	base64.StdEncoding.Encode(key[:], nonce[:])
	return key
}

// ValidKey reports whether key is base64 of 16 bytes, as Sec-WebSocket-Key has to be
// (RFC 6455 §4.2.1 /5/). The 4 bits of its 22nd character that belong to none of them may
// be anything: the example of RFC 6455 §4.1 has one of them set.
func ValidKey[T text](key T) bool {
	return len(key) == 24 && key[22] == '=' && key[23] == '=' && allIn(key[:22], base64Char)
}
