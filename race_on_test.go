//go:build race

package websocket_test

// raceEnabled: the race detector has sync.Pool forget on purpose, so that
// allocations cannot be counted.
const raceEnabled = true
