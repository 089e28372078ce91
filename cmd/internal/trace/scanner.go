package trace

import (
	"encoding/binary"

	"github.com/zerowire/websocket/codec"
)

// Scanner cuts the frames of one direction out of its bytes as they arrive, and
// judges their headers. It keeps nothing but an unfinished header, so that
// frames of any length cost it nothing. Set Sequence's exported fields before
// the first call; the zero value scans what a client sends.
type Scanner struct {
	Sequence codec.Sequence

	// Lenient makes Next go on behind a frame that breaks a rule, as long as its
	// length can be trusted. The frame's pieces have the rule as their Err.
	Lenient bool

	offset int64 // of the frame begun, or of the next one
	raw    [codec.MaxHeaderSize]byte
	n      int // bytes of the header in raw
	header codec.Header
	size   int    // of the header
	begun  bool   // the header is complete and the payload is not
	left   uint64 // bytes of payload to come
	fault  error  // the rule that the header breaks, if Next goes on
	err    error
}

// Piece is a part of a frame as it arrived.
type Piece struct {
	Header     codec.Header // of the whole frame
	HeaderSize int
	Offset     int64  // of the frame
	Payload    []byte // as on the wire, a slice of what Next was given
	Pos        uint64 // the place of Payload in the frame's payload
	End        bool   // Payload reaches the end of the frame
	Err        error  // the rule that the header breaks, if the Scanner is lenient
}

// Next takes the next piece of a frame from the start of p and returns it with the
// rest of p. ok is false when p is used up before there is one. The first piece
// of a frame, which may have no payload yet, comes with the last byte of its
// header.
//
// The error is the codec.Violation that the frame's header is, and stays: the
// piece then has as much of the header as could be read.
func (s *Scanner) Next(p []byte) (piece Piece, rest []byte, ok bool, err error) {
	if s.err != nil {
		return s.failed(), p, false, s.err
	}
	first := !s.begun
	if first {
		if p, ok = s.begin(p); !ok {
			return s.failed(), p, false, s.err
		}
	} else if len(p) == 0 {
		return Piece{}, p, false, nil
	}
	n := int(min(uint64(len(p)), s.left))
	piece = Piece{
		Header:     s.header,
		HeaderSize: s.size,
		Offset:     s.offset,
		Payload:    p[:n:n],
		Pos:        s.header.Length - s.left,
		End:        uint64(n) == s.left,
		Err:        s.fault,
	}
	s.left -= uint64(n)
	if piece.End {
		s.begun, s.n = false, 0
		s.offset += int64(s.size) + int64(s.header.Length)
	}
	return piece, p[n:], true, nil
}

// begin completes the header of the next frame with bytes of p, and judges it.
func (s *Scanner) begin(p []byte) (rest []byte, ok bool) {
	had := s.n
	s.n += copy(s.raw[s.n:], p)
	h, size, err := codec.ParseHeader(s.raw[:s.n])
	switch {
	case err == codec.ErrShort:
		return p[len(p):], false
	case err != nil:
		h, size = readIllFormed(s.raw[:s.n])
		if s.Lenient && err == codec.ErrLengthNotMinimal && h.Masked {
			if size += len(h.Key); s.n < size {
				return p[len(p):], false
			}
			h.Key = [4]byte(s.raw[size-len(h.Key):])
		}
	default:
		err = s.Sequence.Check(h)
	}
	s.fault = nil
	if s.Lenient && err != nil && s.trusts(h, err) {
		s.fault, err = err, nil
		s.tolerate(h)
	}
	s.header, s.size, s.err = h, size, err
	if err != nil {
		s.n = had
		return p, false
	}
	s.begun, s.left = true, h.Length
	return p[size-had:], true
}

// trusts reports whether the length in a header that breaks a rule can be trusted.
// Bytes that break two rules of form at once are more likely to be no header at all.
func (s *Scanner) trusts(h codec.Header, err error) bool {
	faults := 0
	for _, broken := range []bool{
		err == codec.ErrLengthNotMinimal,
		h.RSV&^s.Sequence.RSV != 0,
		h.Opcode.IsReserved(),
		h.Masked != (s.Sequence.Role == codec.Server),
		h.Opcode.IsControl() && (!h.Fin || h.Length > codec.MaxControlPayload),
	} {
		if broken {
			faults++
		}
	}
	return err != codec.ErrLengthOverflow && faults < 2
}

// tolerate has the Sequence take a frame that it has refused for its form, so that
// the frames behind it are judged as if this one had been well-formed.
func (s *Scanner) tolerate(h codec.Header) {
	h.RSV, h.Masked = 0, s.Sequence.Role == codec.Server
	if h.Opcode.IsControl() {
		h.Fin, h.Length = true, 0
	}
	s.Sequence.Check(h) // a frame in the wrong place changes nothing
}

// Pending returns the bytes of an unfinished header, which Next has taken without
// returning a piece; after an error, those that came before the bytes that Next
// returned as the rest. They are valid until the next call of Next.
func (s *Scanner) Pending() []byte {
	if s.begun {
		return nil
	}
	return s.raw[:s.n]
}

// failed is the frame that broke a rule, if one did.
func (s *Scanner) failed() Piece {
	if s.err == nil {
		return Piece{}
	}
	return Piece{Header: s.header, HeaderSize: s.size, Offset: s.offset}
}

// Between reports whether the bytes so far end where a frame ends.
func (s *Scanner) Between() bool { return !s.begun && s.n == 0 }

// Offset returns the place of the frame begun, or of the next one, among the
// frames' bytes.
func (s *Scanner) Offset() int64 { return s.offset }

// readIllFormed reads a header whose length is not encoded as it has to be.
func readIllFormed(b []byte) (h codec.Header, size int) {
	h = codec.Header{Fin: b[0]&0x80 != 0, RSV: b[0] >> 4 & 7, Opcode: codec.Opcode(b[0] & 0xF), Masked: b[1]&0x80 != 0}
	if b[1]&0x7F == 126 {
		h.Length, size = uint64(binary.BigEndian.Uint16(b[2:])), 4
	} else {
		h.Length, size = binary.BigEndian.Uint64(b[2:]), 10
	}
	return h, size
}
