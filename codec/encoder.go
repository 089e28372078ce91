package codec

import "slices"

// AppendFrame appends a whole frame to dst: h with the length of payload, and
// the payload, masked with h.Key if h.Masked. payload is neither changed nor
// retained, and must not overlap the room behind dst.
//
// It writes what it is told, legal or not; see Encoder for what may be sent.
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

// SizeFrame returns how many bytes AppendFrame appends for a payload of n bytes.
func SizeFrame(h Header, n int) int {
	h.Length = uint64(n)
	return SizeHeader(h) + n
}

// An Encoder appends the frames that one endpoint sends and refuses what its
// peer would have to refuse: it checks with the same table as the Decoder. Its
// zero value is a server's. An Encoder must not be used concurrently.
type Encoder struct {
	Role Role  // the role of this endpoint: a client masks every frame
	RSV  uint8 // reserved bits that negotiated extensions allow

	sequence Sequence
}

// Append appends the frame with the type, flags and key of h and with payload to
// dst. Length and Masked of h are set from the payload and the role; a client's
// h.Key must be fresh and unpredictable for every frame (RFC 6455 §5.3).
// payload is neither changed nor retained.
//
// It reports the Violation that the frame would be and leaves dst as it was: a
// frame out of sequence, after Close, a control frame above 125 bytes, a Close
// payload that ParseClose refuses. Text is not checked for UTF-8: that is for
// the caller, who may know that it is.
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

// Closed reports whether a Close frame was sent, so that nothing more may be.
func (e *Encoder) Closed() bool { return e.sequence.closed }

// Check is the part of Append that judges: it sets h.Masked by the role and
// reports the Violation that a frame with header h would be, or counts it as
// sent. It is for callers who write header and payload themselves.
func (e *Encoder) Check(h *Header) error {
	h.Masked = e.Role == Client
	e.sequence.Role, e.sequence.RSV = e.Role.Peer(), e.RSV
	return e.sequence.check(h)
}
