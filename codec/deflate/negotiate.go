package deflate

import "iter"

// A Policy holds the settings of an endpoint for the negotiation of the extension.
type Policy struct {
	Takeover   bool // messages may refer to earlier ones: better compression, but each end keeps a window
	WindowBits int  // largest window of either end: 2^WindowBits bytes, 8 to 15; 0 for 15
}

// Accept answers a client's offers (RFC 7692 §5, §7.1). values are the values of all
// Sec-WebSocket-Extensions headers of the request. Accept returns the parameters of the first
// acceptable offer. ok is false if there is none: then the extension is not used. Accept
// declines offers with a parameter that is unknown, repeated or out of range. It also
// declines the rest of a value from the first syntax error on.
//
// The answer contains only parameters that were offered, with one exception: without
// takeover, it contains client_no_context_takeover, which every client must support (RFC 7692
// §7.1.1.2).
func (p Policy) Accept(values iter.Seq[[]byte]) (agreed Params, ok bool) {
	for list := range values {
		for len(list) > 0 {
			list = space(list)
			if len(list) > 0 && list[0] == ',' { // RFC 9110 §5.6.1.2: empty elements
				list = list[1:]
				continue
			}
			if len(list) == 0 {
				break
			}
			e, named, rest, ok := next(list)
			if !ok {
				break
			}
			list = rest
			if named && !e.bad {
				return p.answer(e), true
			}
		}
	}
	return Params{}, false
}

// answer returns the parameters that answer an offer.
func (p Policy) answer(e element) Params {
	agreed := Params{
		ServerNoContextTakeover: e.ServerNoContextTakeover,
		ClientNoContextTakeover: e.ClientNoContextTakeover || !p.Takeover,
		ServerMaxWindowBits:     e.ServerMaxWindowBits,
		ClientMaxWindowBits:     e.ClientMaxWindowBits,
	}
	bits := p.windowBits()
	if e.ServerMaxWindowBits > bits {
		agreed.ServerMaxWindowBits = bits
	}
	if bits < maxWindowBits && e.clientBits || e.ClientMaxWindowBits > bits {
		agreed.ClientMaxWindowBits = bits
	}
	return agreed
}

// AppendOffer appends a client's offer to dst, a value for Sec-WebSocket-Extensions.
func (p Policy) AppendOffer(dst []byte) []byte {
	offer := Params{ServerNoContextTakeover: !p.Takeover, ClientNoContextTakeover: !p.Takeover}
	if bits := p.windowBits(); bits < maxWindowBits {
		offer.ServerMaxWindowBits, offer.ClientMaxWindowBits = bits, bits
	}
	dst = offer.Append(dst)
	if offer.ClientMaxWindowBits == 0 {
		dst = append(dst, "; client_max_window_bits"...) // without a value: the server may choose
	}
	return dst
}

// Agreed checks a server's answer to [Policy.AppendOffer] (RFC 7692 §5.1, §7.1). values are
// the values of all Sec-WebSocket-Extensions headers of the response. on reports whether the
// extension is in use. ok is false if the client must fail the connection: the answer names
// another extension, names this one twice, or does not match the offer.
func (p Policy) Agreed(values iter.Seq[[]byte]) (agreed Params, on, ok bool) {
	for list := range values {
		for list = space(list); len(list) > 0; list = space(list) {
			if list[0] == ',' { // RFC 9110 §5.6.1.2: empty elements
				list = list[1:]
				continue
			}
			e, named, rest, ok := next(list)
			if !ok || !named || on || e.bad || e.clientBits || !p.keeps(e.Params) {
				return Params{}, false, false
			}
			agreed, on, list = e.Params, true, rest
		}
	}
	return agreed, on, true
}

// keeps reports whether an answer matches the offer.
func (p Policy) keeps(answer Params) bool {
	bits := p.windowBits()
	if !p.Takeover && !answer.ServerNoContextTakeover {
		return false
	}
	if bits < maxWindowBits && (answer.ServerMaxWindowBits == 0 || answer.ServerMaxWindowBits > bits) {
		return false
	}
	return answer.ClientMaxWindowBits <= bits
}

func (p Policy) windowBits() uint8 {
	return uint8(windowBits(p.WindowBits))
}
