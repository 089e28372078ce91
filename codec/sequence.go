package codec

// This file decides whether a frame is legal at its place: the table, the state and the
// transitions. Decoder and Encoder use the same state machine, so that a frame that is
// refused when received cannot be sent.
//
// A refused frame does not change the state.

// legality holds for each opcode the rule that a frame violates between messages, and
// inside a fragmented message (RFC 6455 §5.2, §5.4).
var legality = [16]struct{ between, inside Violation }{
	OpContinuation: {ErrContinuation, 0},
	OpText:         {0, ErrInterleaved},
	OpBinary:       {0, ErrInterleaved},
	0x3:            {ErrReservedOpcode, ErrReservedOpcode},
	0x4:            {ErrReservedOpcode, ErrReservedOpcode},
	0x5:            {ErrReservedOpcode, ErrReservedOpcode},
	0x6:            {ErrReservedOpcode, ErrReservedOpcode},
	0x7:            {ErrReservedOpcode, ErrReservedOpcode},
	OpClose:        {0, 0},
	OpPing:         {0, 0},
	OpPong:         {0, 0},
	0xB:            {ErrReservedOpcode, ErrReservedOpcode},
	0xC:            {ErrReservedOpcode, ErrReservedOpcode},
	0xD:            {ErrReservedOpcode, ErrReservedOpcode},
	0xE:            {ErrReservedOpcode, ErrReservedOpcode},
	0xF:            {ErrReservedOpcode, ErrReservedOpcode},
}

// Sequence checks the frames that are sent in one direction of a connection, in order.
// The zero value is for frames to a server, without extensions. A Sequence must not be
// used concurrently.
type Sequence struct {
	Role Role  // the role of the endpoint that receives the frames
	RSV  uint8 // reserved bits that extensions allow on the first frame of a message

	message Opcode // type of the message that is unfinished; OpContinuation between messages
	closed  bool   // a Close frame has passed
}

// Check checks whether a frame with header h is legal at this place. It returns the
// rule of RFC 6455 §5 that the frame violates, as a [Violation]. Otherwise it returns
// nil and counts the frame as passed.
func (s *Sequence) Check(h Header) error { return s.check(&h) }

func (s *Sequence) check(h *Header) error {
	if s.closed {
		return ErrAfterClose
	}
	// Values that do not fit into a header are never read, and must not be sent.
	if h.Opcode > 0xF {
		return ErrReservedOpcode
	}
	if h.Length>>63 != 0 {
		return ErrLengthOverflow
	}
	// "MUST be 0 unless an extension is negotiated that defines meanings for
	// non-zero values." RFC 6455 §5.2. RFC 7692 §6 gives RSV1 a meaning on the
	// first frame of a message alone.
	rsv := s.RSV
	if !h.Opcode.IsData() {
		rsv = 0
	}
	if h.RSV&^rsv != 0 {
		return ErrReservedBits
	}
	broken := legality[h.Opcode&0xF].between
	if s.message != OpContinuation {
		broken = legality[h.Opcode&0xF].inside
	}
	if broken != 0 {
		return broken
	}
	if h.Masked != (s.Role == Server) {
		if h.Masked {
			return ErrMasked
		}
		return ErrUnmasked
	}
	if h.Opcode.IsControl() {
		if !h.Fin {
			return ErrControlFragmented
		}
		if h.Length > MaxControlPayload {
			return ErrControlTooLong
		}
		s.closed = h.Opcode == OpClose
		return nil
	}
	switch {
	case h.Fin:
		s.message = OpContinuation
	case h.Opcode != OpContinuation:
		s.message = h.Opcode
	}
	return nil
}

// Message returns the type of the message that has begun and not ended: OpText or
// OpBinary, or OpContinuation between messages.
func (s *Sequence) Message() Opcode { return s.message }

// Closed reports whether a Close frame has passed.
func (s *Sequence) Closed() bool { return s.closed }
