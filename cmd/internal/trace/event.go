// Package trace shows what passes over a WebSocket connection (RFC 6455): the
// opening handshake, every frame of both directions with its place in the
// stream, and the first rule that somebody broke.
//
// A Scanner cuts the bytes of one direction into frames as they arrive. A Session
// adds what a reader wants to see of both directions: heads, unmasked and inflated
// payloads, violations. Conn watches a net.Conn, and a Printer writes the Events for people.
package trace

import (
	"time"

	"github.com/zerowire/websocket/codec"
)

// Kind is what an Event tells.
type Kind uint8

// The kinds of events.
const (
	Handshake Kind = iota // the head of a request or response
	Frame                 // a frame, to its end
	Violation             // a rule was broken, by a head or a frame
	Cut                   // bytes are missing, or the stream ended inside a head or frame: the last event of its direction
)

// String returns "handshake", "frame", "violation" or "cut".
func (k Kind) String() string {
	return [...]string{"handshake", "frame", "violation", "cut"}[k&3]
}

// Event is one thing that happened on a connection. Its slices are valid, and may
// be read, until the function that is given the Event returns.
type Event struct {
	Time   time.Time // when its last byte came
	Kind   Kind
	From   codec.Role // the end that sent it
	Offset int64      // its first byte's place among the bytes of its direction

	// Head is the head of a Handshake, its empty line included.
	Head []byte

	// Header is that of a Frame, and of the frame that breaks a rule as far as it
	// could be read; HeaderSize is its size in bytes, 0 if there is none.
	Header     codec.Header
	HeaderSize int

	// Message is the type of the message that a Frame belongs to: OpText or
	// OpBinary, or its own opcode if it is a control frame.
	Message codec.Opcode

	// Payload is that of a Frame, or of a frame that breaks a rule as far as it has
	// come. It is unmasked, and cut at the Session's limit:
	// Header.Length says how long it is. A compressed message is inflated as a
	// whole, and is the Payload of its last frame; Inflated is its length then.
	Payload    []byte
	Compressed bool // the frame belongs to a compressed message
	Inflated   int  // bytes of the whole message, inflated; 0 unless this is the last frame of a compressed one

	// Err is a codec.Violation or codec.Refusal in a Violation, what is missing in a
	// Cut, and in a Frame why its message could not be inflated; else nil.
	Err error
}

// onWire reports whether Payload is compressed as it was on the wire.
func (e *Event) onWire() bool {
	return e.Compressed && (!e.Header.Fin || e.Err != nil && e.Err != codec.ErrText)
}

// Messages puts the frames of Events together. The zero value is ready for use.
type Messages struct{ begun [2][]byte } // by the end that sends

// Add returns the payload of the message or Close frame that e ends, inflated, of the
// type e.Message; ok is false if e ends none. The payload may be retained if it is a
// message's, and is valid as long as that of e if it is a Close frame's.
func (m *Messages) Add(e Event) (payload []byte, ok bool) {
	switch {
	case e.Kind != Frame:
		return nil, false
	case !e.Message.IsData():
		return e.Payload, e.Message == codec.OpClose
	}
	begun := &m.begun[e.From]
	if e.Header.Opcode.IsData() {
		*begun = nil
	}
	if !e.Compressed || e.Header.Fin {
		*begun = append(*begun, e.Payload...)
	}
	return *begun, e.Header.Fin
}
