//go:build race

package wstest

// raceEnabled: the race detector makes megabytes slow.
const raceEnabled = true
