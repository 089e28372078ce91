package websocket

import "errors"

// Overflow is what a write does when more than Options.MaxPending bytes wait to
// be sent already. Close frames, Pings and Pongs are never held up or dropped,
// nor are fragments of a message that has begun.
type Overflow uint8

const (
	// Block makes the write wait until the peer has taken some: nothing is lost,
	// and the slowest peer sets the pace of whoever writes to it.
	Block Overflow = iota

	// DropOldest drops the messages that have waited longest. With this policy and
	// the next two, writes never wait.
	DropOldest

	// DropNewest drops the message that was to be written, with ErrOverflow.
	DropNewest

	// Disconnect cuts the connection, with ErrOverflow: a peer that falls behind
	// has to come back and begin anew.
	Disconnect
)

// ErrOverflow reports that a message was dropped, or its connection cut, because
// the peer takes what it is sent too slowly.
var ErrOverflow = errors.New("websocket: too much is waiting to be sent")
