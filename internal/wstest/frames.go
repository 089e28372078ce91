package wstest

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// Frame is one frame as a test writes it down. Unlike codec.Header it can say
// every illegal thing: reserved bits and opcodes, lengths in a form that is too
// long, and headers that lie about the payload. The zero Frame is an empty
// continuation without FIN.
type Frame struct {
	Fin     bool
	RSV     uint8 // codec.RSV1, RSV2 and RSV3, or'ed
	Opcode  codec.Opcode
	Payload []byte     // unmasked
	Form    LengthForm // how the header spells the length
	Lie     int64      // added to the length in the header; math.MinInt64 sets the bit that must be 0
}

// LengthForm says in how many bytes a header spells the payload length.
type LengthForm uint8

// The forms of RFC 6455 §5.2. MinimalLength is the only legal one; the others
// ask for a form whether the length needs it or not.
const (
	MinimalLength LengthForm = iota
	Length16                 // 126 and two bytes
	Length64                 // 127 and eight bytes
)

// Text returns a whole text message.
func Text(s string) Frame { return Frame{Fin: true, Opcode: codec.OpText, Payload: []byte(s)} }

// Binary returns a whole binary message. b is not copied.
func Binary(b []byte) Frame { return Frame{Fin: true, Opcode: codec.OpBinary, Payload: b} }

// Continuation returns the last fragment of a message; with [Frame.More], one
// in the middle.
func Continuation(s string) Frame {
	return Frame{Fin: true, Opcode: codec.OpContinuation, Payload: []byte(s)}
}

// Ping returns a ping.
func Ping(s string) Frame { return Frame{Fin: true, Opcode: codec.OpPing, Payload: []byte(s)} }

// Pong returns a pong.
func Pong(s string) Frame { return Frame{Fin: true, Opcode: codec.OpPong, Payload: []byte(s)} }

// Close returns a Close frame with a status code and a reason.
func Close(code codec.StatusCode, reason string) Frame {
	return CloseBody(string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason)
}

// CloseBody returns a Close frame with any payload, legal or not.
func CloseBody(s string) Frame { return Frame{Fin: true, Opcode: codec.OpClose, Payload: []byte(s)} }

// Reserved returns a frame with any opcode.
func Reserved(op codec.Opcode, s string) Frame {
	return Frame{Fin: true, Opcode: op, Payload: []byte(s)}
}

// More returns f without FIN: more fragments follow.
func (f Frame) More() Frame { f.Fin = false; return f }

// WithRSV returns f with these reserved bits.
func (f Frame) WithRSV(rsv uint8) Frame { f.RSV = rsv; return f }

// Append appends f unmasked, as a server sends it.
func (f Frame) Append(dst []byte) []byte {
	return append(f.appendHeader(dst, nil), f.Payload...)
}

// AppendMasked appends f masked with key, as a client sends it.
func (f Frame) AppendMasked(dst []byte, key [4]byte) []byte {
	dst = f.appendHeader(dst, &key)
	at := len(dst)
	dst = append(dst, f.Payload...)
	for i := range dst[at:] {
		dst[at+i] ^= key[i&3] // the RFC's own loop: the suite does not rely on codec.Mask to test it
	}
	return dst
}

// appendHeader leaves what is legal to codec and spells out the rest.
func (f Frame) appendHeader(dst []byte, key *[4]byte) []byte {
	length := uint64(len(f.Payload)) + uint64(f.Lie)
	h := codec.Header{Fin: f.Fin, RSV: f.RSV, Opcode: f.Opcode, Length: length, Masked: key != nil}
	if key != nil {
		h.Key = *key
	}
	if f.Form == MinimalLength && length>>63 == 0 {
		return codec.AppendHeader(dst, h)
	}
	at := len(dst)
	h.Length, h.Masked, h.Key = 0, false, [4]byte{}
	dst = codec.AppendHeader(dst, h)
	if f.Form == Length16 {
		dst[at+1] = 126
		dst = binary.BigEndian.AppendUint16(dst, uint16(length))
	} else {
		dst[at+1] = 127
		dst = binary.BigEndian.AppendUint64(dst, length)
	}
	if key != nil {
		dst[at+1] |= 0x80
		dst = append(dst, key[:]...)
	}
	return dst
}

// ReadFrame reads one frame and returns it unmasked; masked tells how it came.
// It checks the form of the header alone. The error is io.EOF if r ends between
// two frames and io.ErrUnexpectedEOF if it ends inside one. The payload grows
// with what arrives, so a header that lies costs no memory.
func ReadFrame(r io.Reader) (f Frame, masked bool, err error) {
	var buf [codec.MaxHeaderSize]byte
	if _, err := io.ReadFull(r, buf[:1]); err != nil {
		return Frame{}, false, err
	}
	have := 1
	h, _, err := codec.ParseHeader(buf[:have])
	for err == codec.ErrShort { // byte by byte, so that nothing of the payload is taken
		if _, err := io.ReadFull(r, buf[have:have+1]); err != nil {
			return Frame{}, false, unexpected(err)
		}
		have++
		h, _, err = codec.ParseHeader(buf[:have])
	}
	if err != nil {
		return Frame{}, false, err
	}
	var payload []byte
	for uint64(len(payload)) < h.Length {
		payload = slices.Grow(payload, int(min(h.Length-uint64(len(payload)), uint64(len(payload))+4096)))
		n, err := r.Read(payload[len(payload):min(uint64(cap(payload)), h.Length)])
		payload = payload[:len(payload)+n]
		if err != nil && uint64(len(payload)) < h.Length {
			return Frame{}, false, unexpected(err)
		}
	}
	codec.Mask(payload, h.Key, 0)
	return Frame{Fin: h.Fin, RSV: h.RSV, Opcode: h.Opcode, Payload: payload}, h.Masked, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// String shows f on one line: `text FIN 5 "Hello"`.
func (f Frame) String() string {
	var b strings.Builder
	b.WriteString(opcodeName(f.Opcode))
	if f.Fin {
		b.WriteString(" FIN")
	}
	if f.RSV != 0 {
		fmt.Fprintf(&b, " RSV=%d", f.RSV)
	}
	fmt.Fprintf(&b, " %d", len(f.Payload))
	switch f.Form {
	case Length16:
		b.WriteString(" (16-bit length)")
	case Length64:
		b.WriteString(" (64-bit length)")
	}
	if f.Lie != 0 {
		fmt.Fprintf(&b, " (claims %d)", uint64(len(f.Payload))+uint64(f.Lie))
	}
	switch {
	case f.Opcode == codec.OpClose && len(f.Payload) >= 2:
		fmt.Fprintf(&b, " %d", binary.BigEndian.Uint16(f.Payload))
		if reason := f.Payload[2:]; len(reason) > 0 {
			b.WriteString(" " + show(reason))
		}
	case len(f.Payload) > 0:
		b.WriteString(" " + show(f.Payload))
	}
	return b.String()
}

func opcodeName(op codec.Opcode) string {
	if op.IsReserved() {
		return fmt.Sprintf("opcode %d", uint8(op))
	}
	return op.String()
}

// show prints a payload, or its beginning, as text if it is text.
func show(b []byte) string {
	const most = 32
	cut, dots := b, ""
	if len(b) > most {
		cut, dots = b[:most], "…"
		for i := 0; i < 3 && !utf8.Valid(cut); i++ {
			cut = cut[:len(cut)-1] // the cut may have split a code point
		}
	}
	if utf8.Valid(cut) {
		return fmt.Sprintf("%q%s", cut, dots)
	}
	return fmt.Sprintf("[% x]%s", b[:min(len(b), most)], dots)
}
