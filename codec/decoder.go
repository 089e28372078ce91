package codec

import (
	"encoding/binary"

	"github.com/zerowire/websocket/pool"
)

// MaxWhole is the longest payload, in bytes, that a [Decoder] always returns in one
// piece. It returns longer payloads as they arrive.
const MaxWhole = 32 << 10

// minSpace is the minimum size of Space while the length of the next frame is not
// known: a control frame and more.
const minSpace = 512

// A Decoder decodes received bytes to legal frames, and unmasks them in place. It does
// no I/O. The caller reads into [Decoder.Space], reports the number of bytes with
// [Decoder.Commit], and calls [Decoder.Next] until it returns [ErrShort].
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
// Space takes the buffer from package pool, and Release returns it, so that an empty
// Decoder holds no buffer.
//
// The zero value is the Decoder of a server, without a message limit. Set the fields
// before the first call. A Decoder must not be used concurrently.
type Decoder struct {
	Role Role  // the role of this endpoint: a server accepts only masked frames
	RSV  uint8 // reserved bits that negotiated extensions allow

	// These fields fill the padding, to stay within 96 bytes, a size class of the
	// allocator: every connection has a Decoder.
	begun    bool      // a frame has begun: header is its header
	place    uint8     // position in the payload, modulo 4, of the next byte to unmask
	message  Opcode    // type of the last message that has begun
	text     bool      // the payload is uncompressed text, which must be UTF-8
	extended bool      // an extension transforms its payload
	broken   Violation // the violation that ended decoding; 0 for none
	utf8     UTF8
	sequence Sequence

	MaxMessage uint64 // limit of a message's payload in bytes, over all its frames; 0 for none

	// MaxExtended replaces MaxMessage for a message whose first frame has a reserved
	// bit: an extension transforms its payload.
	MaxExtended uint64

	// buf.B  [ returned | start: unmasked, waiting | ready: as received | end: free ]
	//        0 ≤ start ≤ start+ready ≤ end ≤ len(buf.B) = cap(buf.B)
	buf        *pool.Buffer
	start, end int
	ready      int

	header Header // of the current frame
	left   uint64 // payload bytes of the frame that were not returned
	total  uint64 // sum of the payload lengths in the headers of the message's frames
}

// Frame is a frame, or a piece of one if its payload is longer than [MaxWhole]. Control
// frames are always whole.
type Frame struct {
	Header         // of the whole frame
	Payload []byte // unmasked; valid until the next call of Space, Release or Reset
	Message Opcode // type of the message, OpText or OpBinary, or the opcode of a control frame
	End     bool   // Payload reaches the end of the frame
}

// Last reports whether the message that f belongs to ends with f.
func (f *Frame) Last() bool { return f.End && f.Fin }

// Space returns at least n bytes of free space to read into. It takes a pooled buffer
// if there is none. It invalidates the payloads that were returned before.
//
// The space is as large as possible without moving waiting bytes, and never smaller
// than the rest of the current frame if that is to be returned whole. So Space(1) is
// sufficient while bytes wait.
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

// Commit adds the first n bytes of what Space returned to the input. It panics if n is
// negative or larger than the space.
func (d *Decoder) Commit(n int) {
	if n == 0 {
		return
	}
	if d.buf == nil || n < 0 || n > len(d.buf.B)-d.end {
		panic("codec: Decoder.Commit of more bytes than Space gave")
	}
	d.end += n
}

// Next returns the next frame. It returns [ErrShort] if more bytes are needed first,
// and [ErrAfterClose] after a Close frame. If the peer violated the protocol, it
// returns the [Violation], and all later calls return it again.
//
// A header is checked when all of it has arrived, including its length against the
// limit. A payload is unmasked, and text is validated, as it arrives: invalid text is
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

// Direct returns the number of payload bytes that the current frame still lacks, if the
// frame is longer than [MaxWhole] and all received bytes of it have been returned;
// otherwise it returns 0. The caller may then read up to that many bytes into memory of
// its own and pass them to [Decoder.Fill]. This saves copying a large payload.
func (d *Decoder) Direct() uint64 {
	if !d.begun || d.start != d.end || d.header.Length <= MaxWhole || d.broken != 0 {
		return 0
	}
	return d.left
}

// Fill decodes p, which the caller received into memory of its own: the next bytes of
// the stream, at most [Decoder.Direct] of them. It unmasks p in place and returns it as
// [Decoder.Next] would. p is not retained.
//
// Fill panics if p is empty or longer than Direct.
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

// Ready reports whether the buffer holds another whole frame, so that [Decoder.Next]
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

// Arriving reports whether the buffer holds a part of a frame that is to be returned
// whole (see [MaxWhole]), or of its header: the peer is sending the rest.
func (d *Decoder) Arriving() bool {
	switch {
	case d.broken != 0 || d.sequence.closed && !d.begun:
		return false
	case d.begun:
		return d.header.Length <= MaxWhole
	case d.start == d.end:
		return false
	}
	b := d.buf.B[d.start:d.end]
	if len(b) < 4 || b[1]&0x7F < 126 || b[1]&0x7F == 126 && binary.BigEndian.Uint16(b[2:]) <= MaxWhole {
		return true // nearly always: the call of ParseHeader costs more
	}
	h, _, err := ParseHeader(b)
	return err != nil || h.Length <= MaxWhole
}

// Buffered returns the number of received bytes that have not been returned.
func (d *Decoder) Buffered() int { return d.end - d.start }

// Release returns the buffer to the pool if it holds no received bytes, and replaces it
// by a small one if it holds few. It invalidates the payloads that were returned
// before. Call it before waiting for the peer.
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

// smaller is the factor by which a buffer must shrink for Release to replace it.
const smaller = 16

// move moves unread bytes to a buffer of at least n bytes.
func (d *Decoder) move(n int) {
	unread := d.buf.B[d.start:d.end]
	b := pool.Get(n)
	b.B = b.B[:cap(b.B)]
	d.start, d.end = 0, copy(b.B, unread)
	pool.Put(d.buf)
	d.buf = b
}

// Reset discards the buffer and resets d to its initial state. It keeps the exported
// fields.
func (d *Decoder) Reset() {
	pool.Put(d.buf)
	*d = Decoder{Role: d.Role, RSV: d.RSV, MaxMessage: d.MaxMessage, MaxExtended: d.MaxExtended}
}

// Idle reports whether d is between messages: all received frames and messages have
// been returned to their ends.
func (d *Decoder) Idle() bool {
	return d.start == d.end && !d.begun && d.sequence.message == OpContinuation
}

// Detach transfers ownership of the payloads that were returned so far to the caller:
// they stay valid. The Decoder gives up its buffer, and copies unread bytes to another
// one.
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

// begin parses and checks the header of the next frame.
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

// checkedPiece is the number of bytes that are unmasked before they are validated: few
// enough to stay in the first-level cache in between.
const checkedPiece = 8 << 10

// unmask unmasks p, the next bytes of the payload, and reports whether the text of the
// message is valid so far. Unmasking detects text that is all ASCII. Other text is
// validated in a second pass, piece by piece.
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

// take returns p, the next bytes of the current frame, in f.
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

// fail makes a Violation final. It returns other errors unchanged.
func (d *Decoder) fail(err error) error {
	if v, ok := err.(Violation); ok {
		d.broken = v
	}
	return err
}
