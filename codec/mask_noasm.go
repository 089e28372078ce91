//go:build purego || !(amd64 || arm64)

package codec

func mask(dst, src []byte, key uint32) (ascii bool) { return maskGeneric(dst, src, key) }
