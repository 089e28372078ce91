package wstest

import (
	"fmt"
	"strconv"
	"strings"
)

// DeflateParams are the parameters of permessage-deflate (RFC 7692 §7.1), as one
// offer or the response has them.
type DeflateParams struct {
	ServerNoContextTakeover bool
	ClientNoContextTakeover bool
	ServerMaxWindowBits     int // 8 to 15; 0 if it is not there
	ClientMaxWindowBits     int // 8 to 15, or AnyBits; 0 if it is not there
}

// AnyBits is client_max_window_bits without a value, which an offer may have:
// the server may name one.
const AnyBits = -1

// String returns p as the header spells it.
func (p DeflateParams) String() string {
	s := "permessage-deflate"
	if p.ServerNoContextTakeover {
		s += "; server_no_context_takeover"
	}
	if p.ClientNoContextTakeover {
		s += "; client_no_context_takeover"
	}
	if p.ServerMaxWindowBits != 0 {
		s += fmt.Sprintf("; server_max_window_bits=%d", p.ServerMaxWindowBits)
	}
	switch p.ClientMaxWindowBits {
	case 0:
	case AnyBits:
		s += "; client_max_window_bits"
	default:
		s += fmt.Sprintf("; client_max_window_bits=%d", p.ClientMaxWindowBits)
	}
	return s
}

// deflateHeader is the value of Sec-WebSocket-Extensions that makes these offers.
func deflateHeader(offers []DeflateParams) string {
	var values []string
	for _, o := range offers {
		values = append(values, o.String())
	}
	return strings.Join(values, ", ")
}

// ParseDeflate reads the values of Sec-WebSocket-Extensions lines: the offers of
// permessage-deflate in them, in order. Other extensions are an error, because
// the peers under test know none, and so is every parameter that RFC 7692 does
// not know, that is there twice, or that has a value which is none.
func ParseDeflate(lines []string) (offers []DeflateParams, err error) {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			p, err := parseDeflateElement(element)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			offers = append(offers, p)
		}
	}
	return offers, nil
}

func parseDeflateElement(element string) (p DeflateParams, err error) {
	name, rest, more := strings.Cut(element, ";")
	if name = trimSpace(name); name != "permessage-deflate" {
		return p, fmt.Errorf("the extension %q", name)
	}
	seen := map[string]bool{}
	for more {
		var param string
		param, rest, more = strings.Cut(rest, ";")
		name, value, has := strings.Cut(param, "=")
		name, value = trimSpace(name), trimSpace(value)
		if seen[name] {
			return p, fmt.Errorf("%s twice", name)
		}
		seen[name] = true
		bits := 0
		if has {
			if bits, err = parseBits(value); err != nil {
				return p, fmt.Errorf("%s: %w", name, err)
			}
		}
		switch {
		case name == "server_no_context_takeover" && !has:
			p.ServerNoContextTakeover = true
		case name == "client_no_context_takeover" && !has:
			p.ClientNoContextTakeover = true
		case name == "server_max_window_bits" && has:
			p.ServerMaxWindowBits = bits
		case name == "client_max_window_bits" && has:
			p.ClientMaxWindowBits = bits
		case name == "client_max_window_bits":
			p.ClientMaxWindowBits = AnyBits
		default:
			return p, fmt.Errorf("the parameter %q", param)
		}
	}
	return p, nil
}

// trimSpace trims the white space of RFC 9110 §5.6.3.
func trimSpace(s string) string { return strings.Trim(s, " \t") }

// parseBits reads "a decimal integer value without leading zeroes between 8 to
// 15 inclusive" (RFC 7692 §7.1.2.1), which may be quoted.
func parseBits(value string) (int, error) {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 8 || n > 15 || value != strconv.Itoa(n) {
		return 0, fmt.Errorf("the window bits %q", value)
	}
	return n, nil
}

// JudgeResponse returns what is wrong with the response to these offers, or "".
func JudgeResponse(offers []DeflateParams, response DeflateParams) string {
	if response.ClientMaxWindowBits == AnyBits {
		return "client_max_window_bits without a value in a response"
	}
	why := ""
	for _, offer := range offers {
		if why = judgeAgainst(offer, response); why == "" {
			return ""
		}
	}
	return fmt.Sprintf("%s, in the response %s to %s", why, response, deflateHeader(offers))
}

// judgeAgainst returns why response does not accept offer, or "" (RFC 7692 §7.1).
func judgeAgainst(offer, response DeflateParams) string {
	switch {
	case offer.ServerNoContextTakeover && !response.ServerNoContextTakeover:
		return "server_no_context_takeover was asked for and is missing"
	case offer.ServerMaxWindowBits != 0 && response.ServerMaxWindowBits == 0:
		return "server_max_window_bits was asked for and is missing"
	case offer.ServerMaxWindowBits != 0 && response.ServerMaxWindowBits > offer.ServerMaxWindowBits:
		return "server_max_window_bits is larger than what was asked for"
	case offer.ClientMaxWindowBits == 0 && response.ClientMaxWindowBits != 0:
		return "client_max_window_bits was not offered"
	case offer.ClientMaxWindowBits > 0 && response.ClientMaxWindowBits > offer.ClientMaxWindowBits:
		return "client_max_window_bits is larger than what was offered"
	}
	return ""
}

// answerDeflate returns the response of a suite that wants these things of the
// client, the first of them that one of its offers allows, and grants what the
// offer asks of the server.
func answerDeflate(offers, wants []DeflateParams) (response DeflateParams, ok bool) {
	for _, want := range wants {
		for _, offer := range offers {
			bits := want.ClientMaxWindowBits
			if want.ClientNoContextTakeover && !offer.ClientNoContextTakeover ||
				bits != 0 && (offer.ClientMaxWindowBits == 0 || offer.ClientMaxWindowBits != AnyBits && offer.ClientMaxWindowBits < bits) {
				continue
			}
			want.ServerNoContextTakeover, want.ServerMaxWindowBits = offer.ServerNoContextTakeover, offer.ServerMaxWindowBits
			return want, true
		}
	}
	return response, false
}

// direction is what was agreed on for what one side sends.
type direction struct {
	window     int // in bytes
	noTakeover bool
}

// directions takes a response apart.
func (p DeflateParams) directions() (fromClient, fromServer direction) {
	window := func(bits int) int {
		if bits <= 0 {
			bits = 15
		}
		return 1 << bits
	}
	return direction{window(p.ClientMaxWindowBits), p.ClientNoContextTakeover},
		direction{window(p.ServerMaxWindowBits), p.ServerNoContextTakeover}
}
