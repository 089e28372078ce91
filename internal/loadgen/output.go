package loadgen

import "github.com/zerowire/websocket/codec"

// maxControl limits the bytes of waiting control frames. Beyond it, Pings are not answered: the
// server does not read the Pongs.
const maxControl = 4096

// Write adds bytes that are sent before the next message, such as an opening handshake.
func (s *Stream) Write(p []byte) { s.control = append(s.control, p...) }

// pong answers a Ping.
func (s *Stream) pong(payload []byte) {
	if len(s.control) < maxControl {
		s.control = codec.AppendFrame(s.control, codec.Header{Fin: true, Opcode: codec.OpPong, Masked: true}, payload)
	}
}

// Close sends a Close frame with code after the message that is being sent.
func (s *Stream) Close(code codec.StatusCode) {
	s.close([]byte{byte(code >> 8), byte(code)})
}

// close sends a Close frame, unless one was sent.
func (s *Stream) close(payload []byte) {
	if s.closing {
		return
	}
	s.closing = true
	s.control = codec.AppendFrame(s.control, codec.Header{Fin: true, Opcode: codec.OpClose, Masked: true}, payload)
}

// Outgoing returns the next bytes to send; it is empty if all bytes were sent. Control frames
// are sent between messages. The slice is valid until the next call of another method.
func (s *Stream) Outgoing() []byte {
	if s.wroteBytes == 0 && len(s.control) > 0 {
		return s.control
	}
	if s.wrote == s.Sent {
		return nil
	}
	first := s.Place(s.wrote)
	last := min(first+int(s.Sent-s.wrote), s.Script.Len())
	if len(s.control) > 0 {
		last = first + 1
	}
	return s.Script.Out[s.Script.places[first].out+s.wroteBytes : s.Script.places[last].out]
}

// Took removes the first n bytes of Outgoing, which were sent.
func (s *Stream) Took(n int) {
	if s.wroteBytes == 0 && len(s.control) > 0 {
		s.control = s.control[:copy(s.control, s.control[n:])]
		return
	}
	i := s.Place(s.wrote)
	for s.wroteBytes += n; s.wroteBytes > 0; i++ {
		frame := s.Script.places[i+1].out - s.Script.places[i].out
		if s.wroteBytes < frame {
			return
		}
		s.wroteBytes -= frame
		s.wrote++
	}
}
