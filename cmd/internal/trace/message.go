package trace

import "github.com/zerowire/websocket/codec"

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
