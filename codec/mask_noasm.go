package codec

// The place for SIMD: a file mask_<arch>.go with the same functions, built
// unless the tag purego is set, takes this one's place on its architecture.

func mask(b []byte, key uint32) { maskGeneric(b, key) }
