package websocket

import "errors"

// Overflow selects what a write does while more than Options.MaxPending bytes wait to
// be sent. It does not apply to Close frames, Pings, Pongs, and fragments of a message
// that has begun: these are neither delayed nor dropped.
type Overflow uint8

const (
	// Block makes the write wait until the peer has taken enough bytes. No message is
	// lost. A loop that writes to many connections is then as slow as the slowest peer.
	Block Overflow = iota

	// DropOldest drops the messages that have waited longest. With this policy and the
	// following ones, writes do not wait.
	DropOldest

	// DropNewest drops the message to be written; the write returns [ErrOverflow].
	DropNewest

	// Disconnect closes the connection immediately, and the write returns
	// [ErrOverflow]. It fits protocols in which a slow client reconnects and loads the
	// state again.
	Disconnect
)

// ErrOverflow reports that a message was dropped, or its connection closed, because the
// peer reads too slowly. See [Options] for MaxPending and Overflow.
var ErrOverflow = errors.New("websocket: too much is waiting to be sent")
