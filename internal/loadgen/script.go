package loadgen

import "github.com/zerowire/websocket/codec"

// Script is a list of messages that are encoded once and sent many times.
//
//	Out  [ frame 0 | frame 1 | … ]   masked, as a client sends them
//	Back [ frame 0 | frame 1 | … ]   as a server sends them if it echoes each in one frame
//
// Masking keys repeat with the script. RFC 6455 §5.3 requires unpredictable keys, to protect
// intermediaries from data that a web page lets a browser send. Here the user alone decides
// which data is sent.
//
// A Script must not be changed after its first use. After that it may be used concurrently.
type Script struct {
	Opcode    codec.Opcode // type of all messages
	Out, Back []byte

	places  []place // start of each message, and the end of the last one
	largest int     // size of the largest payload, in bytes
}

// place holds the offsets of a message in Out and in Back, and of its payload in Back.
type place struct{ out, back, payload int }

// Len returns the number of messages.
func (s *Script) Len() int { return max(len(s.places)-1, 0) }

// Largest returns the size of the largest payload, in bytes.
func (s *Script) Largest() int { return s.largest }

// Payload returns the payload of message i. It must not be modified.
func (s *Script) Payload(i int) []byte { return s.Back[s.places[i].payload:s.places[i+1].back] }

// Sent returns the frames of the messages first to end-1, as a client sends them. They must
// not be modified.
func (s *Script) Sent(first, end int) []byte { return s.Out[s.places[first].out:s.places[end].out] }

// Echoed returns the frames of these messages as a server sends them. They must not be
// modified.
func (s *Script) Echoed(first, end int) []byte {
	return s.Back[s.places[first].back:s.places[end].back]
}

// Append adds a message, which is sent as one frame masked with key.
func (s *Script) Append(payload []byte, key [4]byte) { s.append(payload, payload, 0, key) }

// AppendCompressed adds a message that is sent compressed (RFC 7692).
func (s *Script) AppendCompressed(payload, compressed []byte, key [4]byte) {
	s.append(payload, compressed, codec.RSV1, key)
}

func (s *Script) append(payload, sent []byte, rsv uint8, key [4]byte) {
	if s.places == nil {
		s.places = make([]place, 1)
	}
	back := codec.Header{Fin: true, Opcode: s.Opcode, Length: uint64(len(payload))}
	s.places[len(s.places)-1].payload = len(s.Back) + codec.SizeHeader(back)
	s.Back = codec.AppendFrame(s.Back, back, payload)
	s.Out = codec.AppendFrame(s.Out, codec.Header{Fin: true, Opcode: s.Opcode, RSV: rsv, Masked: true, Key: key}, sent)
	s.places = append(s.places, place{out: len(s.Out), back: len(s.Back)})
	s.largest = max(s.largest, len(payload))
}

// Mirrored returns s for a raw TCP echo, which returns all bytes unchanged.
func (s *Script) Mirrored() *Script {
	m := &Script{Opcode: s.Opcode, Out: s.Out, Back: s.Out, largest: s.largest}
	for _, p := range s.places {
		m.places = append(m.places, place{out: p.out, back: p.out, payload: p.out})
	}
	return m
}

// Bare returns s for a server that sends payloads over raw TCP, without headers.
func (s *Script) Bare() *Script {
	b := &Script{Opcode: s.Opcode, Out: s.Out, largest: s.largest}
	for i := range s.Len() {
		b.places = append(b.places, place{s.places[i].out, len(b.Back), len(b.Back)})
		b.Back = append(b.Back, s.Payload(i)...)
	}
	b.places = append(b.places, place{len(s.Out), len(b.Back), len(b.Back)})
	return b
}
