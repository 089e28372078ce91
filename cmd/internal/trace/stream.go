package trace

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/zerowire/websocket/codec"
)

// defaultLimit is how many bytes of a payload an Event has, unless a limit says
// otherwise.
const defaultLimit = 64 << 10

// stream decodes one direction of a Session from its bytes, in pieces of any size.
type stream struct {
	*Session
	from    codec.Role // the end that sends these bytes
	head    *head      // until the head was read; nil without one
	base    int64      // bytes before the first frame
	scanner Scanner
	frame   Event // the frame begun, if its HeaderSize is not 0
	fault   error // the first rule that it breaks
	message message
	deflate *inflater // nil without permessage-deflate
	ended   bool      // after a Violation that nothing can be read behind, a Cut, or a head that no frames follow
	scratch []byte    // a part of a payload, unmasked

	waits bool   // for the other end's head, which says how to read the frames
	held  []byte // what came meanwhile
}

// message is what frames have in common that belong to one message.
type message struct {
	op         codec.Opcode
	compressed bool
	broken     bool // its text is not checked any more
	utf8       codec.UTF8
}

// write decodes p, the next bytes, which came at the time now. p is neither
// changed nor retained.
func (s *stream) write(now time.Time, p []byte) {
	for s.head != nil && !s.ended && len(p) > 0 {
		p = s.readHead(now, p)
	}
	switch {
	case s.ended || s.head != nil:
	case s.waits:
		s.hold(now, p)
	default:
		s.readFrames(now, p)
	}
}

// readFrames decodes p, which is behind the head.
func (s *stream) readFrames(now time.Time, p []byte) {
	for !s.ended {
		piece, rest, ok, err := s.scanner.Next(p)
		if err != nil {
			s.beginFrame(piece)
			s.fail(now, err)
			return
		}
		if !ok {
			return
		}
		s.take(now, piece)
		p = rest
	}
}

// compressed says that permessage-deflate was agreed on.
func (s *stream) compressed(p DeflateParams) {
	s.scanner.Sequence.RSV = codec.RSV1
	s.deflate = newInflater(p, s.from)
}

// maxHeld is how many bytes of frames may wait for the other end's head.
const maxHeld = 1 << 20

// hold keeps p until the other end's head has come.
func (s *stream) hold(now time.Time, p []byte) {
	if s.held = append(s.held, p...); len(s.held) > maxHeld {
		s.proceed(now)
	}
}

// proceed reads what has waited, by what is known of the opening handshake now.
func (s *stream) proceed(now time.Time) {
	if !s.waits {
		return
	}
	s.waits = false
	switch o := &s.opening; {
	case o.agreed:
		s.compressed(o.params)
	case !o.answered && o.deflate:
		s.compressed(DeflateParams{}) // what was compressed without takeover can be read with it, too
	}
	held := s.held
	s.held = nil
	s.readFrames(now, held)
}

// end says that no more bytes come. It reports a Cut if they end inside a head or
// frame.
func (s *stream) end(now time.Time) {
	if s.head == nil {
		s.proceed(now)
	}
	switch {
	case s.head != nil && len(s.head.buf) > 0:
		s.lose(now, fmt.Errorf("the stream ends inside the head of the opening handshake, after %d bytes of it", len(s.head.buf)))
	case s.head == nil && !s.scanner.Between():
		s.lose(now, errors.New("the stream ends inside a frame"))
	}
}

// lose says why what follows is not known. It reports a Cut with that, and ignores
// the rest.
func (s *stream) lose(now time.Time, why error) {
	if s.ended {
		return
	}
	if s.frame.HeaderSize != 0 && s.fault != nil {
		s.report(now, Violation, s.fault)
	}
	if s.frame.HeaderSize == 0 {
		s.frame = s.event()
	}
	s.report(now, Cut, why)
	s.ended = true
}

// event is an empty Event for what comes next.
func (s *stream) event() Event {
	return Event{From: s.from, Offset: s.base + s.scanner.Offset(), Payload: s.frame.Payload[:0]}
}

// report hands the frame begun to the sink.
func (s *stream) report(now time.Time, kind Kind, err error) {
	s.frame.Time, s.frame.Kind, s.frame.Err = now, kind, err
	s.sink(s.frame)
	s.frame.HeaderSize = 0
}

// fail reports that the frame begun breaks a rule, and ends the decoding.
func (s *stream) fail(now time.Time, err error) {
	s.report(now, Violation, err)
	s.ended = true
}

// take adds a piece to the frame begun, and reports it when it is complete.
func (s *stream) take(now time.Time, piece Piece) {
	if s.frame.HeaderSize == 0 {
		s.beginFrame(piece)
	}
	if !s.unmask(piece) && s.strict {
		s.fail(now, s.fault)
		return
	}
	if !piece.End {
		return
	}
	err := s.endFrame()
	unread := err == errInflateLimit || err == errWindowLost
	if s.fault == nil && !unread {
		s.fault = err
	}
	if s.fault != nil {
		s.report(now, Violation, s.fault)
		s.ended = s.strict
	} else {
		s.report(now, Frame, err)
	}
}

// beginFrame notes what the header says.
func (s *stream) beginFrame(piece Piece) {
	s.frame, s.fault = s.event(), piece.Err
	f := &s.frame
	f.Offset, f.Header, f.HeaderSize = s.base+piece.Offset, piece.Header, piece.HeaderSize
	switch op := f.Header.Opcode; {
	case op.IsData():
		compressed := f.Header.RSV&codec.RSV1 != 0
		s.message = message{op: op, compressed: compressed && s.deflate != nil, broken: compressed && s.deflate == nil}
	case piece.Err == codec.ErrContinuation:
		s.message = message{op: codec.OpBinary}
	}
	if piece.Err == codec.ErrInterleaved {
		s.message.broken = true
		if s.deflate != nil {
			s.deflate.lose()
		}
	}
	f.Message, f.Compressed = s.message.op, s.message.compressed
	if f.Header.Opcode.IsControl() || f.Header.Opcode.IsReserved() {
		f.Message, f.Compressed = f.Header.Opcode, false
	}
}

// unmaskedPiece is how much is unmasked at a time, in bytes.
const unmaskedPiece = 8 << 10

// unmask unmasks a piece of the frame begun, keeps what is to be shown or
// inflated, and checks text. It returns false if the text is not UTF-8.
func (s *stream) unmask(piece Piece) bool {
	f, pos := &s.frame, int(piece.Pos&3)
	for raw := piece.Payload; len(raw) > 0; {
		s.scratch = append(s.scratch[:0], raw[:min(len(raw), unmaskedPiece)]...)
		raw = raw[len(s.scratch):]
		pos = codec.Mask(s.scratch, f.Header.Key, pos)
		f.Payload = append(f.Payload, s.scratch[:min(len(s.scratch), s.limit-len(f.Payload))]...)
		switch {
		case f.Compressed:
			s.deflate.add(s.scratch, false)
		case f.Message == codec.OpText && !s.message.broken && !s.message.utf8.Check(s.scratch):
			s.message.broken = true
			s.fault = cmp.Or(s.fault, error(codec.ErrText))
		}
	}
	return !s.message.broken || f.Message != codec.OpText
}

// endFrame judges what can be judged only when the frame has come to its end.
func (s *stream) endFrame() error {
	f := &s.frame
	switch {
	case f.Message == codec.OpClose:
		_, _, err := codec.ParseClose(f.Payload)
		return err
	case f.Message.IsControl() || !f.Header.Fin:
		return nil
	case f.Compressed:
		return s.inflate()
	case f.Message == codec.OpText && !s.message.broken && !s.message.utf8.Complete():
		return codec.ErrText
	}
	return nil
}

// inflate replaces the payload of a compressed message's last frame by the message.
func (s *stream) inflate() error {
	f, u := &s.frame, &s.message.utf8
	message, err := s.deflate.end()
	if err != nil {
		return err // the payload stays as it was on the wire
	}
	defer s.deflate.Release()
	f.Payload, f.Inflated = append(f.Payload[:0], message[:min(len(message), s.limit)]...), len(message)
	if f.Message == codec.OpText && !(u.Check(message) && u.Complete()) {
		return codec.ErrText
	}
	return nil
}
