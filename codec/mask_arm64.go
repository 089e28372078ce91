//go:build !purego

package codec

// maskNEON is mask for n bytes, 16 or more.
//
//go:noescape
func maskNEON(dst, src *byte, n int, key uint32) (ascii bool)

func mask(dst, src []byte, key uint32) (ascii bool) {
	if useNEON && len(src) >= 16 {
		return maskNEON(&dst[:len(src)][0], &src[0], len(src), key)
	}
	return maskGeneric(dst, src, key)
}
