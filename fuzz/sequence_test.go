package fuzz

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket/codec"
)

// FuzzSequence: Sequence passes exactly the frames that a model passes which was
// written from the RFC, and names the rule that the others break; a refused frame
// leaves no trace. The Decoder reads and the Encoder writes what Sequence passes,
// and nothing else: what we refuse to read we cannot write.
func FuzzSequence(f *testing.F) {
	for _, frames := range []string{
		"\x81\x85\x01\x85",         // text unfinished, text
		"\x01\x85\x80\x85\x88\x80", // fragments, Close
		"\x01\x81\x89\x82\x00\x83\x8A\x84\x80\x80\x88\x82\x81\x81",         // control frames between fragments, text behind Close
		"\x80\x80\x00\x80\x02\x80\x02\x80\x82\x80\x80\x80",                 // nothing to continue, begun twice
		"\x81\x05\x09\x80\x89\xFE\x88\xFF\x08\x80\x83\x80\x8B\x80\x03\x80", // unmasked, control frames fragmented and too long, reserved opcodes
		"\xC1\x80\x41\x80\xC0\x80\x80\x80\xC9\x80\xA1\x80\x91\x80\xF1\x80", // reserved bits
	} {
		for _, options := range []byte{asServer, 0, asServer | withRSV1, withRSV1} {
			seed(f, []byte(frames), options)
		}
	}
	f.Fuzz(func(t *testing.T, frames []byte, options byte) {
		options &^= withLimit
		d := newDecoder(options)
		defer d.Reset()
		m := model{receiver: d.Role, extension: d.RSV}
		s := codec.Sequence{Role: d.Role, RSV: d.RSV}
		e := codec.Encoder{Role: d.Role.Peer(), RSV: d.RSV}
		e.Check(&codec.Header{Opcode: 0xF}) // refused: from now on its Sequence has its role
		var wire, frame []byte
		var broken error // what the Decoder has been shown
		for frames = frames[:min(len(frames), 100)]; len(frames) >= 2; frames = frames[2:] {
			h := header(frames[0], frames[1])
			want := m.next(h)

			before := s
			got := s.Check(h)
			if got != want {
				t.Fatalf("%+v, with %+v before: Check says %v, want %v", h, m, got, want)
			}
			if got != nil && s != before {
				t.Fatalf("Check refuses %+v and makes %+v of %+v", h, s, before)
			}
			if s.Message() != m.message || s.Closed() != m.closed {
				t.Fatalf("behind %+v the message is %v, closed %t; want %+v", h, s.Message(), s.Closed(), m)
			}
			wire = wantWritten(t, &e, wire, h, want)
			if broken == nil {
				frame, broken = wantRead(t, d, frame[:0], h, want)
			}
		}
		wantDecoded(t, newDecoder(options), wire)
	})
}

// header makes of two octets, which need not be a frame's, its header: an opcode may
// be above 15 and a length have its most significant bit set, which only a program
// can ask for.
func header(b0, b1 byte) codec.Header {
	h := codec.Header{Fin: b0&0x80 != 0, RSV: b0 >> 4 & 7, Opcode: codec.Opcode(b0 & 0xF), Masked: b1&0x80 != 0}
	switch length := uint64(b1 & 0x7F); {
	case length < 126:
		h.Length = length
	case b0&0x8 != 0 && b1 == 0x7F:
		h.Opcode += 0x10
	case length == 126:
		h.Length = 126
	default:
		h.Length = 1 << 63
	}
	if h.Masked {
		h.Key = [4]byte{b0, b1, 3, 4}
	}
	return h
}

// model is RFC 6455 §5.2 to §5.5 for one direction.
type model struct {
	receiver  codec.Role
	extension uint8        // the reserved bits that it defines
	message   codec.Opcode // of the message that has begun; 0 for none
	closed    bool
}

// next returns the rule that a frame with header h breaks, nil if none.
func (m *model) next(h codec.Header) error {
	begins := h.Opcode == codec.OpText || h.Opcode == codec.OpBinary
	control := h.Opcode == codec.OpClose || h.Opcode == codec.OpPing || h.Opcode == codec.OpPong
	defined := uint8(0)
	if begins {
		defined = m.extension // RFC 7692 §6: on the first fragment of a data message
	}
	switch {
	// §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
	case m.closed:
		return codec.ErrAfterClose
	// §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
	case h.Opcode > 0xF:
		return codec.ErrReservedOpcode
	// §5.2: "the most significant bit MUST be 0"
	case h.Length >= 1<<63:
		return codec.ErrLengthOverflow
	// §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."
	case h.RSV&^defined != 0:
		return codec.ErrReservedBits
	case !begins && !control && h.Opcode != codec.OpContinuation:
		return codec.ErrReservedOpcode
	// §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"
	case begins && m.message != 0:
		return codec.ErrInterleaved
	case h.Opcode == codec.OpContinuation && m.message == 0:
		return codec.ErrContinuation
	// §5.1: "a client MUST mask all frames that it sends"; "A server MUST NOT mask any frames"
	case m.receiver == codec.Server && !h.Masked:
		return codec.ErrUnmasked
	case m.receiver == codec.Client && h.Masked:
		return codec.ErrMasked
	// §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
	case control && !h.Fin:
		return codec.ErrControlFragmented
	case control && h.Length > 125:
		return codec.ErrControlTooLong
	}
	if control {
		m.closed = h.Opcode == codec.OpClose
		return nil
	}
	if begins {
		m.message = h.Opcode
	}
	if h.Fin {
		m.message = 0
	}
	return nil
}

// The payloads of frames: zeros, and behind a status code.
var (
	zeros       [126]byte
	closePrefix = append([]byte{0x03, 0xE8}, zeros[:]...)
)

// payloadOf returns a payload for h that breaks no rule of its own.
func payloadOf(h codec.Header) []byte {
	if h.Opcode == codec.OpClose && h.Length <= codec.MaxControlPayload {
		return closePrefix[:max(2, h.Length)]
	}
	return zeros[:h.Length%(1<<63)]
}

// wantWritten checks that e writes a frame like h if want is nil, and else that it
// does not, because of want. It returns wire with the frame. Whether a frame is masked
// an Encoder does not leave to its caller.
func wantWritten(t *testing.T, e *codec.Encoder, wire []byte, h codec.Header, want error) []byte {
	t.Helper()
	if want == codec.ErrMasked || want == codec.ErrUnmasked || h.Length >= 1<<63 {
		return wire
	}
	payload := payloadOf(h)
	if h.Opcode == codec.OpClose && len(payload) > codec.MaxControlPayload {
		want = codec.ErrControlTooLong // it looks at the payload first
	}
	before := *e
	got, err := e.Append(wire, h, payload)
	if err != want {
		t.Fatalf("Append(%+v) says %v, want %v", h, err, want)
	}
	if err != nil && (len(got) != len(wire) || *e != before) {
		t.Fatalf("Append refuses %+v and appends %d bytes, or makes %+v of %+v", h, len(got)-len(wire), *e, before)
	}
	return got
}

// wantRead checks that d reads a frame with header h if want is nil, and else that
// it does not, because of want, which it returns. b is where the frame is made.
func wantRead(t *testing.T, d *codec.Decoder, b []byte, h codec.Header, want error) ([]byte, error) {
	t.Helper()
	if h.Opcode > 0xF || h.Length >= 1<<63 {
		return b, nil // nobody can send it
	}
	payload := payloadOf(h)
	b = codec.AppendFrame(b, h, payload)
	d.Commit(copy(d.Space(len(b)), b))
	frame, err := d.Next()
	if err != want {
		t.Fatalf("Next of %+v says %v, want %v", h, err, want)
	}
	if h.Length = uint64(len(payload)); err == nil && (frame.Header != h || !bytes.Equal(frame.Payload, payload)) {
		t.Fatalf("Next = %+v, want a frame with %+v", frame, h)
	}
	return b, err
}

// wantDecoded checks that d takes all that an Encoder has written.
func wantDecoded(t *testing.T, d *codec.Decoder, wire []byte) {
	t.Helper()
	defer d.Reset()
	d.Commit(copy(d.Space(len(wire)), wire))
	for {
		_, err := d.Next()
		if err == codec.ErrAfterClose && d.Buffered() == 0 {
			return
		}
		if err == codec.ErrShort && d.Buffered() == 0 {
			return
		}
		if err != nil {
			t.Fatalf("Next of what an Encoder wrote: %v, with %d bytes left of % x", err, d.Buffered(), wire)
		}
	}
}
