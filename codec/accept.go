package codec

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/base64"
)

// acceptGUID is the constant of RFC 6455 §1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// AcceptKey returns the value of Sec-WebSocket-Accept for key, the value of
// Sec-WebSocket-Key: base64(SHA-1(key ‖ GUID)), RFC 6455 §4.2.2 /5.4/. It does not check key;
// see [ValidKey]. key is not retained.
func AcceptKey(key []byte) [28]byte {
	var room [24 + len(acceptGUID)]byte
	input := append(append(room[:0], key...), acceptGUID...)
	sum := checksum(input)
	var accept [28]byte
	base64.StdEncoding.Encode(accept[:], sum[:])
	return accept
}

// checksum returns the SHA-1 of input, which panics with GODEBUG=fips140=only. Here it has no
// security function: it only shows that the peer supports WebSocket (RFC 6455 §10.8).
//
// NOTE: a server calls it at the deepest point of a handshake, and what it needs of the
// stack decides the size of that. The closure needs much.
func checksum(input []byte) [sha1.Size]byte {
	if fips140.Enforced() {
		return unenforced(input)
	}
	return sha1.Sum(input)
}

//go:noinline
func unenforced(input []byte) (sum [sha1.Size]byte) {
	fips140.WithoutEnforcement(func() { sum = sha1.Sum(input) })
	return sum
}

// EncodeKey returns the value of Sec-WebSocket-Key for nonce, in base64. The caller must
// choose nonce: "The nonce MUST be selected randomly for each connection" (RFC 6455 §4.1).
func EncodeKey(nonce [16]byte) [24]byte {
	var key [24]byte
	base64.StdEncoding.Encode(key[:], nonce[:])
	return key
}

// ValidKey reports whether key is the base64 of 16 bytes, as RFC 6455 §4.2.1 /5/ requires
// of Sec-WebSocket-Key. It ignores the 4 unused bits in the 22nd character: the example in
// RFC 6455 §4.1 has one of them set.
func ValidKey[T text](key T) bool {
	return len(key) == 24 && key[22] == '=' && key[23] == '=' && allIn(key[:22], base64Char)
}
