package codec

import (
	"encoding/binary"
	"math/bits"
)

// rotate returns the key as a little-endian word whose first octet is the one for
// position pos.
func rotate(key [4]byte, pos int) uint32 {
	return bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*(pos&3))
}

// highBits has the high bit of every octet, which ASCII never has.
const highBits = 0x8080808080808080

// maskGeneric is mask in portable Go. It masks 32 octets per iteration, 8 at a time,
// since a masking key repeats every 4 octets. Instead of a byte loop for the rest, it
// masks the last 8 octets from their original values: some are written twice, with the
// same result.
func maskGeneric(dst, src []byte, key uint32) (ascii bool) {
	n := len(src)
	if n < 8 {
		return maskFew(dst, src, key)
	}
	dst = dst[:n]
	wide := uint64(key)<<32 | uint64(key)
	last := binary.LittleEndian.Uint64(src[n-8:]) ^ bits.RotateLeft64(wide, -8*(n&3))
	seen := last
	i := 0
	for ; i+32 <= n; i += 32 {
		s, d := src[i:i+32], dst[i:i+32]
		w0 := binary.LittleEndian.Uint64(s[0:]) ^ wide
		w1 := binary.LittleEndian.Uint64(s[8:]) ^ wide
		w2 := binary.LittleEndian.Uint64(s[16:]) ^ wide
		w3 := binary.LittleEndian.Uint64(s[24:]) ^ wide
		binary.LittleEndian.PutUint64(d[0:], w0)
		binary.LittleEndian.PutUint64(d[8:], w1)
		binary.LittleEndian.PutUint64(d[16:], w2)
		binary.LittleEndian.PutUint64(d[24:], w3)
		seen |= w0 | w1 | w2 | w3
	}
	for ; i+8 < n; i += 8 {
		w := binary.LittleEndian.Uint64(src[i:i+8]) ^ wide
		binary.LittleEndian.PutUint64(dst[i:i+8], w)
		seen |= w
	}
	binary.LittleEndian.PutUint64(dst[n-8:], last)
	return seen&highBits == 0
}

// maskFew masks fewer than 8 octets.
func maskFew(dst, src []byte, key uint32) (ascii bool) {
	dst = dst[:len(src)]
	var seen byte
	for i, b := range src {
		b ^= byte(key)
		dst[i] = b
		seen |= b
		key = bits.RotateLeft32(key, -8)
	}
	return seen < 0x80
}
