package reconnect

import (
	"fmt"
	"time"
)

// State is what a Client does at the moment.
type State uint8

const (
	Connecting State = iota // it dials, and calls Subscribe
	Connected               // Serve runs, and Write sends
	Waiting                 // it waits before the next attempt
	Ended                   // Run returns
)

// String returns the name of the state, in lower case.
func (s State) String() string {
	names := [...]string{"connecting", "connected", "waiting", "ended"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Change is a change of state.
type Change struct {
	State State

	// Err is what ended the attempt or the connection if State is Waiting, and what
	// Run returns if State is Ended.
	Err error

	// Delay is the time until the next attempt, if State is Waiting.
	Delay time.Duration

	// Failures is how many attempts and short connections have failed in a row, if
	// State is Connecting or Waiting.
	Failures int
}
