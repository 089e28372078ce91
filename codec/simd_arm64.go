//go:build !purego

package codec

// useNEON selects the kernels in *_arm64.s. Every arm64 processor has NEON. Tests change it.
var useNEON = true
