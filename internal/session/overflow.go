package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Policy selects what happens to a new message if the outbox is full, because the peer
// reads too slowly.
type Policy uint8

const (
	Block      Policy = iota // the caller waits
	DropOldest               // the messages that have waited longest are dropped
	DropNewest               // the new message is refused
	Disconnect               // the connection ends
)

// Admission is the result of [Sender.Admit].
type Admission uint8

const (
	Admitted Admission = iota
	MustWait
	Refused
	MustEnd
)

// Full reports whether limit bytes or more wait for the send under way. 0 is no limit.
func (s *Sender) Full(limit int) bool {
	return s.sending != nil && limit > 0 && size(s.pending) >= limit
}

// Admit decides whether a message whose frame has n bytes may be appended. limit is that
// of [Sender.Full]. With the policy DropOldest, Admit drops waiting messages.
func (s *Sender) Admit(n, limit int, policy Policy) Admission {
	switch {
	case s.err != nil || s.Closed():
		return Admitted // Check then returns the error
	case s.Streaming:
		return MustWait
	case !s.Full(limit):
		return Admitted
	}
	switch policy {
	case DropOldest:
		dropOldest(s.pending, size(s.pending)+n-limit)
		return Admitted
	case DropNewest:
		return Refused
	case Disconnect:
		return MustEnd
	}
	return MustWait
}

// dropOldest removes messages from the front of b until n bytes are gone or no
// whole message is left. Fragments and control frames stay.
func dropOldest(b *pool.Buffer, n int) {
	kept := b.B[:0]
	for rest := b.B; len(rest) > 0; {
		h, size, err := codec.ParseHeader(rest)
		if err != nil {
			return // not reached: the frames are our own
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
