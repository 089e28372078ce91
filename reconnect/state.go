package reconnect

import (
	"fmt"
	"time"
)

// State is the state of a [Client].
type State uint8

const (
	Connecting State = iota // the Client dials, or Subscribe runs
	Connected               // Serve runs, and Write sends
	Waiting                 // the Client waits before the next attempt
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
	// State is the new state.
	State State

	// Err is the error that ended the attempt or the connection if State is Waiting, and
	// the result of Run if State is Ended.
	Err error

	// Delay is the time until the next attempt, if State is Waiting.
	Delay time.Duration

	// Failures is the number of attempts and short connections that have failed in a row,
	// if State is Connecting or Waiting.
	Failures int
}
