package codec

import "encoding/binary"

// Message returns the next message in the common case: one whole data frame without
// reserved bits, of less than 64 KiB, that has been received completely. In all other
// cases ok is false: call [Decoder.Next]. payload is valid until the next call of Space,
// Release or Reset.
//
// NOTE: this is a fast path for nearly every message. It parses the header in place.
func (d *Decoder) Message() (op Opcode, payload []byte, ok bool) {
	if d.buf == nil || d.begun || d.sequence.message != OpContinuation || d.sequence.closed || d.broken != 0 {
		return 0, nil, false
	}
	b := d.buf.B[d.start:d.end]
	if len(b) < 2 {
		return 0, nil, false
	}
	op = Opcode(b[0] & 0x0F)
	if b[0]&0xF0 != 0x80 || !op.IsData() || b[1]>>7 != byte(d.Role^1) {
		return 0, nil, false
	}
	n, size := int(b[1]&0x7F), 2
	if n >= 126 {
		if n == 127 || len(b) < 4 {
			return 0, nil, false
		}
		n, size = int(binary.BigEndian.Uint16(b[2:])), 4
		if n < 126 {
			return 0, nil, false
		}
	}
	keyed := size
	if d.Role == Server {
		size += 4
	}
	if len(b) < size+n || d.MaxMessage > 0 && uint64(n) > d.MaxMessage {
		return 0, nil, false
	}
	payload = b[size : size+n : size+n]
	ascii := false
	if d.Role == Server {
		ascii = mask(payload, payload, binary.LittleEndian.Uint32(b[keyed:]))
	}
	if op == OpText && !ascii && !validUTF8(payload) {
		d.broken = ErrText
		return 0, nil, false
	}
	d.start += size + n
	return op, payload, true
}
