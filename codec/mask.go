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

// Mask calls mask, which has one implementation for each processor:
//
//	func mask(dst, src []byte, key uint32) (ascii bool)
//
// mask masks src into dst. dst is src itself, or has the same length and does not overlap
// src. key is a result of rotate. ascii reports whether dst holds only ASCII. This check
// costs almost nothing, and saves the second pass that validates UTF-8.
