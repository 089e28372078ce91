package codec

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxCloseReason is the maximum length of the reason of a Close frame, in bytes.
const MaxCloseReason = MaxControlPayload - 2

// ParseClose parses the payload of a Close frame (RFC 6455 §5.5.1). For an empty
// payload it returns StatusNoStatusReceived. reason is a slice of p.
//
// The error is a [Violation]: [ErrCloseTruncated], [ErrCloseStatus], [ErrCloseReason]
// or [ErrControlTooLong].
func ParseClose(p []byte) (code StatusCode, reason []byte, err error) {
	switch {
	case len(p) == 0:
		return StatusNoStatusReceived, nil, nil
	case len(p) == 1:
		return 0, nil, ErrCloseTruncated
	case len(p) > MaxControlPayload:
		return 0, nil, ErrControlTooLong
	}
	code, reason = StatusCode(binary.BigEndian.Uint16(p)), p[2:]
	if !code.Sendable() {
		return 0, nil, ErrCloseStatus
	}
	if !utf8.Valid(reason) {
		return 0, nil, ErrCloseReason
	}
	return code, reason, nil
}

// AppendClose appends the payload of a Close frame to dst. If code is
// StatusNoStatusReceived, the payload is empty, and reason must be empty. A reason
// longer than [MaxCloseReason] is truncated between two code points.
//
// The error is a [Violation], [ErrCloseStatus] or [ErrCloseReason]; dst is then
// returned unchanged.
func AppendClose(dst []byte, code StatusCode, reason string) ([]byte, error) {
	if code == StatusNoStatusReceived && reason == "" {
		return dst, nil
	}
	if !code.Sendable() {
		return dst, ErrCloseStatus
	}
	if !utf8.ValidString(reason) {
		return dst, ErrCloseReason
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason[:cutReason(reason)]...), nil
}

// SizeClose returns the number of bytes that [AppendClose] appends.
func SizeClose(code StatusCode, reason string) int {
	if code == StatusNoStatusReceived {
		return 0
	}
	return 2 + cutReason(reason)
}

func cutReason(reason string) int {
	n := min(len(reason), MaxCloseReason)
	for n < len(reason) && n > 0 && !utf8.RuneStart(reason[n]) {
		n--
	}
	return n
}
