package codec

// Message appends a whole message as one frame if that is the common case: a
// server's, of less than 64 KiB, between messages, with room for it behind dst.
// Else it returns dst as it was and false, and Append decides: it is a shortcut
// through Append, which does the same for such a message. payload is neither
// changed nor retained.
//
// NOTE: this is the path of nearly every message that a server sends, so it
// writes the header's octets in place.
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
