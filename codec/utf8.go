package codec

// UTF8 validates text that arrives in pieces, which may end inside a code point (RFC
// 6455 §8.1, RFC 3629). The zero value is ready to use. It keeps no bytes of the text.
// A UTF8 must not be used concurrently.
type UTF8 struct {
	need   uint8 // continuation bytes that the code point begun still needs
	lo, hi uint8 // bounds of the next one
}

// Check reports whether the text so far, with p appended, can be the beginning of valid
// UTF-8. It fails at the first byte that makes that impossible, even if the code point
// is incomplete: it refuses F4 90, because no code point above U+10FFFF is valid.
//
// After Check has returned false, the UTF8 must not be used again.
func (u *UTF8) Check(p []byte) bool {
	if u.need > 0 {
		var ok bool
		if p, ok = u.finish(p); !ok {
			return false
		}
	}
	cut := len(p)
	if cut > 0 && p[cut-1] >= 0x80 {
		cut = lastCut(p)
	}
	return validUTF8(p[:cut]) && u.begin(p[cut:])
}

// Complete reports whether the text may end here: no code point is incomplete.
func (u *UTF8) Complete() bool { return u.need == 0 }

// finish completes the code point that an earlier piece began.
func (u *UTF8) finish(p []byte) ([]byte, bool) {
	for u.need > 0 && len(p) > 0 {
		if p[0] < u.lo || p[0] > u.hi {
			return p, false
		}
		u.need, u.lo, u.hi = u.need-1, 0x80, 0xBF
		p = p[1:]
	}
	return p, true
}

// begin handles the first bytes of a code point, at most 3.
func (u *UTF8) begin(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	// The rows of Unicode's table 3-7, well-formed UTF-8 byte sequences.
	switch b := p[0]; {
	case b < 0xC2:
		return false
	case b < 0xE0:
		u.need, u.lo, u.hi = 1, 0x80, 0xBF
	case b == 0xE0:
		u.need, u.lo, u.hi = 2, 0xA0, 0xBF
	case b == 0xED:
		u.need, u.lo, u.hi = 2, 0x80, 0x9F
	case b < 0xF0:
		u.need, u.lo, u.hi = 2, 0x80, 0xBF
	case b == 0xF0:
		u.need, u.lo, u.hi = 3, 0x90, 0xBF
	case b < 0xF4:
		u.need, u.lo, u.hi = 3, 0x80, 0xBF
	case b == 0xF4:
		u.need, u.lo, u.hi = 3, 0x80, 0x8F
	default:
		return false
	}
	_, ok := u.finish(p[1:])
	return ok
}

// lastCut returns the start of the incomplete code point at the end of p, or len(p).
func lastCut(p []byte) int {
	for i := len(p) - 1; i >= max(len(p)-3, 0); i-- {
		switch b := p[i]; {
		case b < 0x80:
			return len(p)
		case b < 0xC0: // a continuation byte: look further back
		case b < 0xE0 && len(p)-i < 2, b >= 0xE0 && b < 0xF0 && len(p)-i < 3, b >= 0xF0 && len(p)-i < 4:
			return i
		default:
			return len(p)
		}
	}
	return len(p)
}
