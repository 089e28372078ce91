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
		mask(b, b, rotate(key, pos))
	}
	return pos + len(b)
}

// The function behind Mask is, whichever implementation a machine has,
//
//	func mask(dst, src []byte, key uint32) (ascii bool)
//
// It masks src into dst, which is either src itself or as long and elsewhere;
// key is what rotate returns. It reports whether dst now holds nothing but
// ASCII: a byte that has been loaded and stored anyway costs nothing to look
// at, and text that is all ASCII needs no second walk to be valid UTF-8.
