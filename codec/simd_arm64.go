//go:build !purego

package codec

// useNEON chooses the kernels in *_arm64.s: every arm64 has what they need.
// Tests switch it.
var useNEON = true
