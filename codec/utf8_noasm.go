//go:build purego || !(amd64 || arm64)

package codec

import "unicode/utf8"

func validUTF8(p []byte) bool { return utf8.Valid(p) }
