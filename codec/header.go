package codec

import "encoding/binary"

// The limits that the frame format sets (RFC 6455 §5.2, §5.5).
const (
	MaxHeaderSize     = 14  // bytes: two, eight of extended length, four of masking key
	MaxControlPayload = 125 // bytes of payload in a Close, Ping or Pong frame
)

// The reserved bits as Header.RSV holds them.
const (
	RSV1 = 4 // permessage-deflate: the message is compressed (RFC 7692 §6)
	RSV2 = 2
	RSV3 = 1
)

// Header is a frame without its payload (RFC 6455 §5.2). It is a value of 16 bytes,
// which can be compared and copied.
type Header struct {
	Length uint64  // payload bytes. Check it against a limit before converting it to int
	Key    [4]byte // masking key; zero unless Masked
	Opcode Opcode  // type of the frame
	RSV    uint8   // RSV1, RSV2 and RSV3, or'ed
	Fin    bool    // the last fragment of its message
	Masked bool    // the payload is masked with Key
}

// ParseHeader parses the header at the start of b, and returns its size in n.
//
// It checks only the form. The error is [ErrShort] if b ends inside the header, and
// [ErrLengthNotMinimal] or [ErrLengthOverflow] if the length is ill-formed.
// [Sequence.Check] checks whether the frame is legal at its place.
func ParseHeader(b []byte) (h Header, n int, err error) {
	n, err = h.parse(b)
	return h, n, err
}

// parse is ParseHeader into h. On an error it leaves h unchanged.
//
// NOTE: a Header does not fit into registers. If it were returned, it would be stored
// byte by byte and then loaded as a whole to be copied, which is slow: it costs more
// than parsing.
func (h *Header) parse(b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	b0, b1 := b[0], b[1]
	n = 2
	length := uint64(b1 & 0x7F)
	switch length {
	case 126:
		if len(b) < 4 {
			return 0, ErrShort
		}
		length, n = uint64(binary.BigEndian.Uint16(b[2:])), 4
		if length < 126 {
			return 0, ErrLengthNotMinimal
		}
	case 127:
		if len(b) < 10 {
			return 0, ErrShort
		}
		length, n = binary.BigEndian.Uint64(b[2:]), 10
		if length>>63 != 0 {
			return 0, ErrLengthOverflow
		}
		if length < 1<<16 {
			return 0, ErrLengthNotMinimal
		}
	}
	var key [4]byte
	masked := b1&0x80 != 0
	if masked {
		if len(b) < n+4 {
			return 0, ErrShort
		}
		key = [4]byte(b[n : n+4])
		n += 4
	}
	h.Length, h.Key, h.Masked = length, key, masked
	h.Opcode, h.RSV, h.Fin = Opcode(b0&0x0F), b0>>4&7, b0&0x80 != 0
	return n, nil
}

// AppendHeader appends h to dst in its only legal form, the shortest, and returns the
// extended slice. Length must be below 2^63, RSV below 8 and Opcode below 16; higher
// bits are ignored.
func AppendHeader(dst []byte, h Header) []byte {
	b0 := byte(h.Opcode)&0x0F | h.RSV&7<<4
	if h.Fin {
		b0 |= 0x80
	}
	var b1 byte
	if h.Masked {
		b1 = 0x80
	}
	length := h.Length &^ (1 << 63)
	switch {
	case length < 126:
		dst = append(dst, b0, b1|byte(length))
	case length < 1<<16:
		dst = append(dst, b0, b1|126, byte(length>>8), byte(length))
	default:
		dst = append(dst, b0, b1|127)
		dst = binary.BigEndian.AppendUint64(dst, length)
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

// SizeHeader returns the number of bytes that [AppendHeader] appends for h: 2 to 14.
func SizeHeader(h Header) int {
	n := 2
	switch length := h.Length &^ (1 << 63); {
	case length >= 1<<16:
		n = 10
	case length >= 126:
		n = 4
	}
	if h.Masked {
		n += 4
	}
	return n
}
