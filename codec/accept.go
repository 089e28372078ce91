package codec

import (
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
	sum := sha1.Sum(append(append(room[:0], key...), acceptGUID...))
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

// ValidKey reports whether key is the canonical base64 of exactly 16 bytes, as
// Sec-WebSocket-Key has to be (RFC 6455 §4.2.1 /5/, RFC 4648 §3.5).
func ValidKey[T text](key T) bool {
	if len(key) != 24 || key[22] != '=' || key[23] != '=' {
		return false
	}
	for i := range 22 {
		if class[key[i]]&base64Char == 0 {
			return false
		}
	}
	// The 22nd character holds the last 2 of 128 bits; its other 4 bits are zero.
	switch key[21] {
	case 'A', 'Q', 'g', 'w':
		return true
	}
	return false
}
