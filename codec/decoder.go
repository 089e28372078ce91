package codec

import "github.com/zerowire/websocket/pool"

// MaxWhole is the longest payload, in bytes, that a Decoder always hands out in
// one piece. Longer ones come as they arrive.
const MaxWhole = 32 << 10

// minSpace is how many bytes Space offers at least while it is not known how many
// are to come: a control frame and more.
const minSpace = 512

// A Decoder turns received bytes into legal frames, unmasked in place. It does
// no I/O: its caller reads into Space, says how much came with Commit, and
// takes frames with Next until ErrShort.
//
//	for {
//		f, err := d.Next()
//		if err == codec.ErrShort {
//			n, err := conn.Read(d.Space(4096))
//			…
//			d.Commit(n)
//			continue
//		}
//		…
//	}
//
// The buffer is taken from package pool by Space and given back by Release, so
// that an empty Decoder holds none:
//
//	buf.B  [ handed out | start: unmasked, waiting | ready: as received | end: free ]
//	       0 ≤ start ≤ start+ready ≤ end ≤ len(buf.B) = cap(buf.B)
//
// The zero value is a server's Decoder without a message limit. Set the fields
// before the first call. A Decoder must not be used concurrently.
type Decoder struct {
	Role Role  // the role of this endpoint: a server takes masked frames only
	RSV  uint8 // reserved bits that negotiated extensions allow

	// In the room beside them: 96 bytes are one of the allocator's sizes, and every
	// connection has a Decoder.
	begun    bool      // a frame: header is its header
	place    uint8     // where in the payload, modulo 4, the next byte to unmask stands
	message  Opcode    // type of the last message begun
	text     bool      // it is text as it was sent, so that it must be UTF-8
	extended bool      // an extension makes something else of its payload
	broken   Violation // after which nothing more is decoded; 0 for none
	utf8     UTF8
	sequence Sequence

	MaxMessage uint64 // limit of a message's payload in bytes, over all its frames; 0 for none

	// MaxExtended takes the place of MaxMessage for a message whose first frame has a
	// reserved bit: an extension makes something else of its payload.
	MaxExtended uint64

	buf        *pool.Buffer
	start, end int
	ready      int

	header Header // of the frame begun
	left   uint64 // payload bytes of the frame that were not handed out
	total  uint64 // payload bytes that the headers of the message's frames add up to
}

// Frame is a frame or, where its payload is longer than MaxWhole, a piece of
// one. Control frames are always whole.
type Frame struct {
	Header         // of the whole frame
	Payload []byte // unmasked; valid until the next call of Space, Release or Reset
	Message Opcode // what the frame belongs to: OpText or OpBinary, or its own opcode if it is a control frame
	End     bool   // Payload reaches the end of the frame
}

// Last reports whether the message that f belongs to ends with f.
func (f *Frame) Last() bool { return f.End && f.Fin }

// Space returns room for at least n bytes to read into, in a pooled buffer that
// it takes if there is none. It invalidates the payloads handed out before.
//
// It is as large as it can be without moving what waits in the buffer, and never
// less than the rest of the frame begun, if that is to come whole: Space(1) is
// enough to ask for while bytes wait.
func (d *Decoder) Space(n int) []byte {
	unread := d.end - d.start
	if d.begun && d.header.Length <= MaxWhole {
		n = max(n, int(d.left)-unread, 1)
	} else {
		n = max(n, minSpace)
	}
	switch {
	case d.buf == nil:
		d.buf = pool.Get(n)
		d.buf.B = d.buf.B[:cap(d.buf.B)]
	case unread+n > len(d.buf.B):
		d.move(unread + n)
	case unread == 0:
		d.start, d.end = 0, 0
	case d.end+n > len(d.buf.B):
		copy(d.buf.B, d.buf.B[d.start:d.end])
		d.start, d.end = 0, unread
	}
	return d.buf.B[d.end:]
}

// Commit says that the first n bytes of what Space returned have been filled.
// It panics if n is not within it.
func (d *Decoder) Commit(n int) {
	if n == 0 {
		return
	}
	if d.buf == nil || n < 0 || n > len(d.buf.B)-d.end {
		panic("codec: Decoder.Commit of more bytes than Space gave")
	}
	d.end += n
}

// Next returns the next frame, or ErrShort if more bytes are needed first, or
// the Violation that the peer committed, and the same one ever after. After a
// Close frame it returns ErrAfterClose.
//
// A header is judged when all of it has arrived, its length against the limit
// too. A payload is unmasked, and text validated, as it arrives: bad text is
// reported at the first byte that proves it, even if the frame is incomplete.
func (d *Decoder) Next() (f Frame, err error) {
	if d.broken != 0 {
		return f, d.broken
	}
	if !d.begun {
		if err := d.begin(); err != nil {
			return f, d.fail(err)
		}
	}
	arrived := int(min(uint64(d.end-d.start), d.left))
	whole := uint64(arrived) == d.left
	if arrived == 0 && !whole {
		return f, ErrShort
	}
	if !d.unmask(d.buf.B[d.start+d.ready:d.start+arrived], whole) {
		return f, d.fail(ErrText)
	}
	d.ready = arrived
	if !whole && d.header.Length <= MaxWhole {
		return f, ErrShort
	}
	payload := d.buf.B[d.start : d.start+arrived : d.start+arrived]
	d.start, d.ready = d.start+arrived, 0
	err = d.take(&f, payload)
	return f, err
}

// Direct returns how many payload bytes the frame begun still lacks if it is
// longer than MaxWhole and all that was received of it has been handed out;
// otherwise 0. The caller may then read up to so many bytes of the stream into
// memory of its own and pass them to Fill: it saves copying a large payload.
func (d *Decoder) Direct() uint64 {
	if !d.begun || d.start != d.end || d.header.Length <= MaxWhole || d.broken != 0 {
		return 0
	}
	return d.left
}

// Fill decodes p, payload that the caller received into memory of its own:
// the next bytes of the stream, at most Direct of them. It unmasks p in place and
// returns it as Next would have. The Decoder does not retain p.
//
// It panics if p is empty or longer than Direct.
func (d *Decoder) Fill(p []byte) (f Frame, err error) {
	if len(p) == 0 || uint64(len(p)) > d.Direct() {
		panic("codec: Decoder.Fill of bytes that are not payload of the frame begun")
	}
	if !d.unmask(p, uint64(len(p)) == d.left) {
		return f, d.fail(ErrText)
	}
	err = d.take(&f, p)
	return f, err
}

// Ready reports whether the bytes received hold a whole frame more, so that Next
// would return one without further reading.
func (d *Decoder) Ready() bool {
	if d.broken != 0 || d.buf == nil || d.sequence.closed && !d.begun {
		return false
	}
	unread := uint64(d.end - d.start)
	if d.begun {
		return unread >= d.left
	}
	b := d.buf.B[d.start:d.end]
	if len(b) >= 6 && b[1]&0x7F < 126 {
		return len(b) >= 2+int(b[1]&0x7F)+int(b[1]>>7)*4
	}
	h, n, err := ParseHeader(b)
	return err == nil && unread-uint64(n) >= h.Length
}

// Buffered returns how many received bytes have not been handed out.
func (d *Decoder) Buffered() int { return d.end - d.start }

// Release gives the buffer back if every received byte has been handed out, and
// exchanges it for a small one if few have not. It invalidates their payloads.
// Call it before waiting for the peer.
func (d *Decoder) Release() {
	unread := d.end - d.start
	switch {
	case d.buf == nil:
	case unread == 0:
		pool.Put(d.buf)
		d.buf, d.start, d.end = nil, 0, 0
	case unread <= len(d.buf.B)/smaller:
		d.move(unread)
	}
}

// smaller is how many times smaller the buffer has to become for Release to pay.
const smaller = 16

// move moves what is unread to a buffer of at least n bytes.
func (d *Decoder) move(n int) {
	unread := d.buf.B[d.start:d.end]
	b := pool.Get(n)
	b.B = b.B[:cap(b.B)]
	d.start, d.end = 0, copy(b.B, unread)
	pool.Put(d.buf)
	d.buf = b
}

// Reset gives the buffer back with whatever it holds and makes d as new, its
// exported fields kept.
func (d *Decoder) Reset() {
	pool.Put(d.buf)
	*d = Decoder{Role: d.Role, RSV: d.RSV, MaxMessage: d.MaxMessage, MaxExtended: d.MaxExtended}
}

// Idle reports whether nothing of a frame or message has been received that was
// not handed out to its end.
func (d *Decoder) Idle() bool {
	return d.start == d.end && !d.begun && d.sequence.message == OpContinuation
}

// Detach leaves the payloads handed out so far to whoever holds them: they stay
// valid. The buffer is given up, and what it holds unread is copied to another.
func (d *Decoder) Detach() {
	if d.buf == nil {
		return
	}
	old, unread := d.buf, d.buf.B[d.start:d.end]
	d.buf, d.start, d.end = nil, 0, 0
	if len(unread) > 0 {
		d.end = copy(d.Space(len(unread)), unread)
	}
	pool.Drop(old)
}

// begin takes the header of the next frame, and judges it.
func (d *Decoder) begin() error {
	if d.sequence.closed {
		return ErrAfterClose
	}
	if d.start == d.end {
		return ErrShort
	}
	h := &d.header // free between frames
	n, err := h.parse(d.buf.B[d.start:d.end])
	if err != nil {
		return err
	}
	d.sequence.Role, d.sequence.RSV = d.Role, d.RSV
	if err := d.sequence.check(h); err != nil {
		return err
	}
	if !h.Opcode.IsControl() {
		if h.Opcode != OpContinuation {
			d.message, d.total, d.extended = h.Opcode, 0, h.RSV != 0
			d.text, d.utf8 = h.Opcode == OpText && h.RSV&RSV1 == 0, UTF8{}
		}
		limit := d.MaxMessage
		if d.extended {
			limit = d.MaxExtended
		}
		if limit > 0 && h.Length > limit-min(d.total, limit) {
			return ErrMessageTooBig
		}
		d.total += h.Length
	}
	d.start += n
	d.begun, d.left, d.place, d.ready = true, h.Length, 0, 0
	return nil
}

// checkedPiece is how much is unmasked before it is validated, in bytes: little
// enough to stay in the first-level cache between the two.
const checkedPiece = 8 << 10

// unmask unmasks p, the payload that follows what was unmasked before, and
// reports whether it keeps the message's text valid. Text that is all ASCII is
// known to be so when it has been unmasked; other text is walked through again,
// piece by piece.
func (d *Decoder) unmask(p []byte, whole bool) bool {
	if !d.text || d.header.Opcode.IsControl() {
		d.place = uint8(Mask(p, d.header.Key, int(d.place)) & 3)
		return true
	}
	for len(p) > 0 {
		piece := p[:min(len(p), checkedPiece)]
		ascii := false
		if d.header.Masked {
			ascii = mask(piece, piece, rotate(d.header.Key, int(d.place))) && d.utf8.Complete()
			d.place = uint8((int(d.place) + len(piece)) & 3)
		}
		if !ascii && !d.utf8.Check(piece) {
			return false
		}
		p = p[len(piece):]
	}
	return !whole || !d.header.Fin || d.utf8.Complete()
}

// take hands out p, the next bytes of the frame begun, in f.
func (d *Decoder) take(f *Frame, p []byte) error {
	d.left -= uint64(len(p))
	d.begun = d.left > 0
	f.Header, f.Message, f.Payload, f.End = d.header, d.message, p, !d.begun
	if !f.Opcode.IsControl() {
		return nil
	}
	f.Message = f.Opcode
	if f.Opcode == OpClose {
		if _, _, err := ParseClose(p); err != nil {
			*f = Frame{}
			return d.fail(err)
		}
	}
	return nil
}

// fail makes a Violation final. Other errors are none.
func (d *Decoder) fail(err error) error {
	if v, ok := err.(Violation); ok {
		d.broken = v
	}
	return err
}
