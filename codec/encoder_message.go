package codec

// Message appends a whole message as one frame in the common case: a server's message
// of less than 64 KiB, between messages, that fits into the capacity of dst. In all
// other cases it returns dst unchanged and false: call [Encoder.Append]. payload is neither
// modified nor retained.
//
// NOTE: this is a fast path for nearly every message of a server. It writes the header in
// place.
func (e *Encoder) Message(dst []byte, op Opcode, payload []byte) ([]byte, bool) {
	n := len(payload)
	if e.Role != Server || !op.IsData() || e.sequence.message != OpContinuation || e.sequence.closed ||
		n >= 1<<16 || cap(dst)-len(dst) < n+4 {
		return dst, false
	}
	at := len(dst)
	if n < 126 {
		dst = dst[:at+2+n]
		dst[at], dst[at+1] = 0x80|byte(op), byte(n)
	} else {
		dst = dst[:at+4+n]
		dst[at], dst[at+1], dst[at+2], dst[at+3] = 0x80|byte(op), 126, byte(n>>8), byte(n)
	}
	copy(dst[len(dst)-n:], payload)
	return dst, true
}
