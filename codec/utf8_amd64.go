//go:build !purego

package codec

import "unicode/utf8"

// validUTF8AVX2 is utf8.Valid for n bytes, 19 or more.
//
//go:noescape
func validUTF8AVX2(p *byte, n int, rows *[4][16]byte) bool

func validUTF8(p []byte) bool {
	if useAVX2 && len(p) >= 19 {
		return validUTF8AVX2(&p[0], len(p), &utf8Rows)
	}
	return utf8.Valid(p)
}
