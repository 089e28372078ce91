//go:build !poison

package pool

// Poisoned reports whether the build tag poison, for tests, is set.
const Poisoned = false

// Lent returns the number of buffers in use with the build tag poison, and 0 without
// it.
func Lent() int { return 0 }

func lent(b *Buffer) *Buffer { return b }

func released(*Buffer) {}

func dropped(*Buffer) {}
