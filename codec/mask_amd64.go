//go:build !purego

package codec

// maskAVX2 is mask for n bytes, 32 or more.
//
//go:noescape
func maskAVX2(dst, src *byte, n int, key uint32) (ascii bool)

func mask(dst, src []byte, key uint32) (ascii bool) {
	if useAVX2 && len(src) >= 32 {
		return maskAVX2(&dst[:len(src)][0], &src[0], len(src), key)
	}
	return maskGeneric(dst, src, key)
}
