//go:build race

package hub_test

// raceEnabled says that the race detector is on.
const raceEnabled = true
