package websocket

import (
	"errors"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

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

// dropOldest removes messages from the front of b until n bytes are gone or no
// whole message is left.
func dropOldest(b *pool.Buffer, n int) {
	kept := b.B[:0]
	for rest := b.B; len(rest) > 0; {
		h, size, err := codec.ParseHeader(rest)
		if err != nil {
			return // cannot be: the frames are ours
		}
		size += int(h.Length)
		if n > 0 && h.Fin && h.Opcode.IsData() {
			n -= size
		} else {
			kept = append(kept, rest[:size]...)
		}
		rest = rest[size:]
	}
	b.B = kept
}
