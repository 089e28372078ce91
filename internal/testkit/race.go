//go:build race

package testkit

// RaceEnabled reports whether the race detector is compiled in. With it, sync.Pool drops
// values on purpose, so that allocations cannot be counted.
const RaceEnabled = true
