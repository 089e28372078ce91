//go:build !poison

package pool

// Poisoned reports whether this is a test build, with the tag poison.
const Poisoned = false

// Lent returns how many buffers are out, in test builds; 0 in all others.
func Lent() int { return 0 }

func lent(b *Buffer) *Buffer { return b }

func released(*Buffer) {}

func dropped(*Buffer) {}
