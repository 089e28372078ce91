package codec

// Mask applies the masking algorithm of RFC 6455 §5.3 to b in place. The same operation
// masks and unmasks: octet i of the payload is XORed with octet i mod 4 of the key. pos
// is the position of b[0] in the payload. Mask returns the position after b, so that a
// payload can be masked piece by piece:
//
//	for piece := range pieces {
//		pos = codec.Mask(piece, key, pos)
//	}
//
// Concurrent calls on distinct slices are safe.
func Mask(b []byte, key [4]byte, pos int) int {
	if key != [4]byte{} {
		mask(b, b, rotate(key, pos))
	}
	return pos + len(b)
}

// The function behind Mask is, whichever implementation a machine has,
//
//	func mask(dst, src []byte, key uint32) (ascii bool)
//
// It masks src into dst. dst is src itself, or has the same length and does not overlap
// src. key is a result of rotate. It reports whether dst holds only ASCII: checking bytes
// that are loaded anyway costs nearly nothing, and ASCII text needs no second pass to be
// validated as UTF-8.
