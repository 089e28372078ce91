package codec

import "slices"

// AppendFrame appends a whole frame to dst: the header h with the length of payload,
// and the payload, masked with h.Key if h.Masked is set. payload is neither modified
// nor retained, and must not overlap the free capacity of dst.
//
// AppendFrame does not check whether the frame is legal; see [Encoder].
func AppendFrame(dst []byte, h Header, payload []byte) []byte {
	h.Length = uint64(len(payload))
	dst = AppendHeader(dst, h)
	if !h.Masked || h.Key == [4]byte{} {
		return append(dst, payload...)
	}
	n := len(dst)
	dst = slices.Grow(dst, len(payload))[:n+len(payload)]
	mask(dst[n:], payload, rotate(h.Key, 0))
	return dst
}

// SizeFrame returns the number of bytes that [AppendFrame] appends for a payload of n
// bytes.
func SizeFrame(h Header, n int) int {
	h.Length = uint64(n)
	return SizeHeader(h) + n
}

// An Encoder appends the frames that one endpoint sends. It refuses illegal frames, by
// the same table as the [Decoder]. The zero value is the Encoder of a server. An
// Encoder must not be used concurrently.
type Encoder struct {
	Role Role  // the role of this endpoint: a client masks every frame
	RSV  uint8 // reserved bits that negotiated extensions allow

	sequence Sequence
}

// Append appends a frame with payload to dst, with opcode, flags and key of h. It sets
// Length and Masked of h from the payload and the role. A client must set h.Key to a
// new unpredictable key for every frame (RFC 6455 §5.3). payload is neither modified
// nor retained.
//
// If the frame is illegal, Append returns the [Violation] and dst unchanged. These frames are
// illegal: a frame out of sequence, a frame after Close, a control frame longer than 125 bytes,
// and a Close payload that [ParseClose] refuses. The caller must check that text is valid UTF-8.
func (e *Encoder) Append(dst []byte, h Header, payload []byte) ([]byte, error) {
	if h.Opcode == OpClose {
		if _, _, err := ParseClose(payload); err != nil {
			return dst, err
		}
	}
	h.Length = uint64(len(payload))
	if err := e.Check(&h); err != nil {
		return dst, err
	}
	return AppendFrame(dst, h, payload), nil
}

// Closed reports whether a Close frame was sent. No frame may follow it.
func (e *Encoder) Closed() bool { return e.sequence.closed }

// Check sets h.Masked by the role, and checks whether a frame with header h is legal at
// this place. It returns the [Violation], or counts the frame as sent and returns nil.
// It is for callers that write header and payload themselves.
func (e *Encoder) Check(h *Header) error {
	h.Masked = e.Role == Client
	e.sequence.Role, e.sequence.RSV = e.Role.Peer(), e.RSV
	return e.sequence.check(h)
}
