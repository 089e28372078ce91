package codec

// Everything that decides whether a frame may stand where it stands is in this
// file: the table, the state and the transitions. Reader and writer use the
// same machine, so that what is refused on the way in cannot be sent.
//
// A refused frame leaves the state as it was.

// legality holds, per opcode, the rule that a frame breaks between messages and
// inside a fragmented message. Lay it beside RFC 6455 §5.2 and §5.4.
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

// Sequence checks the frames that flow in one direction of a connection, one
// after the other. Its zero value is a server's that negotiated no extension.
// It must not be used concurrently.
type Sequence struct {
	Role Role  // the role of the endpoint that receives the frames
	RSV  uint8 // reserved bits that extensions allow on the first frame of a message

	message Opcode // type of the message that is unfinished; OpContinuation between messages
	closed  bool   // a Close frame has passed
}

// Check reports the rule of RFC 6455 §5 that a frame with header h breaks at
// this place, as a Violation, or nil; then the frame counts as passed.
func (s *Sequence) Check(h Header) error { return s.check(&h) }

func (s *Sequence) check(h *Header) error {
	if s.closed {
		return ErrAfterClose
	}
	// What a header has no room for is never read, and must not be sent.
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

// Message returns the type of the message that has begun and not ended,
// OpText or OpBinary, or OpContinuation between messages.
func (s *Sequence) Message() Opcode { return s.message }

// Closed reports whether a Close frame has passed.
func (s *Sequence) Closed() bool { return s.closed }
