package codec

// Mask applies the masking algorithm of RFC 6455 §5.3 to b in place, which
// masks and unmasks alike: octet i of the payload is XORed with octet i mod 4
// of the key. pos is the place of b[0] in the payload; the place behind b is
// returned, so that a payload may be masked piece by piece:
//
//	for piece := range pieces {
//		pos = codec.Mask(piece, key, pos)
//	}
//
// Concurrent calls on distinct slices are safe.
func Mask(b []byte, key [4]byte, pos int) int {
	if key != [4]byte{} {
		mask(b, rotate(key, pos))
	}
	return pos + len(b)
}
