package deflate

import (
	"strconv"

	"github.com/zerowire/websocket/codec"
)

// Name is the name of the extension in Sec-WebSocket-Extensions (RFC 7692 §7).
const Name = "permessage-deflate"

// The sizes of a window (RFC 7692 §7.1.2): 2^8 to 2^15 bytes.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// windowBits returns the window size for a setting of WindowBits.
func windowBits(set int) int {
	if set == 0 {
		return maxWindowBits
	}
	return min(max(set, minWindowBits), maxWindowBits)
}

// Params are the parameters of the extension in an offer or an answer (RFC 7692 §7.1). The
// zero value has no parameters: both ends may refer to earlier messages and use the largest
// window.
type Params struct {
	ServerNoContextTakeover bool  // the server does not refer to earlier messages
	ClientNoContextTakeover bool  // the client does not refer to earlier messages
	ServerMaxWindowBits     uint8 // the server refers back at most 2^n bytes, n from 8 to 15; 0 if absent
	ClientMaxWindowBits     uint8 // the same for the client
}

// Append appends the extension with its parameters to dst, as an element of
// Sec-WebSocket-Extensions.
func (p Params) Append(dst []byte) []byte {
	dst = append(dst, Name...)
	if p.ServerNoContextTakeover {
		dst = append(dst, "; server_no_context_takeover"...)
	}
	if p.ClientNoContextTakeover {
		dst = append(dst, "; client_no_context_takeover"...)
	}
	if p.ServerMaxWindowBits != 0 {
		dst = strconv.AppendUint(append(dst, "; server_max_window_bits="...), uint64(p.ServerMaxWindowBits), 10)
	}
	if p.ClientMaxWindowBits != 0 {
		dst = strconv.AppendUint(append(dst, "; client_max_window_bits="...), uint64(p.ClientMaxWindowBits), 10)
	}
	return dst
}

// String returns the extension with its parameters.
func (p Params) String() string { return string(p.Append(nil)) }

// element is one element of Sec-WebSocket-Extensions with the name [Name].
type element struct {
	Params
	clientBits bool // client_max_window_bits without a value: the server may choose
	bad        bool // a parameter is unknown, repeated, or has an invalid value
}

// next parses the first element of a header value. named is false if it is another
// extension. ok is false if the value violates the grammar of RFC 6455 §9.1; then the rest
// cannot be parsed.
func next[T ~string | ~[]byte](list T) (e element, named bool, rest T, ok bool) {
	name, list := token(list)
	if len(name) == 0 {
		return e, false, list, false
	}
	named = string(name) == Name
	for {
		list = space(list)
		if len(list) == 0 || list[0] == ',' {
			return e, named, list[min(1, len(list)):], true
		}
		if list[0] != ';' {
			return e, named, list, false
		}
		var param, value T
		param, list = token(space(list[1:]))
		list = space(list)
		valued := len(list) > 0 && list[0] == '='
		if valued {
			if value, list, ok = valueOf(space(list[1:])); !ok {
				return e, named, list, false
			}
		}
		if len(param) == 0 {
			return e, named, list, false
		}
		e.bad = !setParam(&e, param, value, valued) || e.bad
	}
}

// setParam stores a parameter in e, and reports whether it is valid.
func setParam[T ~string | ~[]byte](e *element, param, value T, valued bool) bool {
	switch string(param) {
	case "server_no_context_takeover":
		return setFlag(&e.ServerNoContextTakeover, valued)
	case "client_no_context_takeover":
		return setFlag(&e.ClientNoContextTakeover, valued)
	case "server_max_window_bits":
		return setBits(&e.ServerMaxWindowBits, string(value))
	case "client_max_window_bits":
		if e.clientBits {
			return false
		}
		if !valued {
			e.clientBits = true
			return e.ClientMaxWindowBits == 0
		}
		return setBits(&e.ClientMaxWindowBits, string(value))
	}
	return false
}

func setFlag(flag *bool, valued bool) bool {
	again := *flag
	*flag = true
	return !again && !valued
}

// setBits stores a window size: "a decimal integer value without leading zeroes between 8 to
// 15 inclusive" RFC 7692 §7.1.2.1.
func setBits(bits *uint8, value string) bool {
	if *bits != 0 {
		return false
	}
	switch {
	case len(value) == 1 && (value[0] == '8' || value[0] == '9'):
		*bits = value[0] - '0'
	case len(value) == 2 && value[0] == '1' && '0' <= value[1] && value[1] <= '5':
		*bits = 10 + value[1] - '0'
	}
	return *bits != 0
}

// token splits s after the token at its start. token is empty if there is none.
func token[T ~string | ~[]byte](s T) (token, rest T) {
	n := 0
	for n < len(s) && codec.IsToken(s[n:n+1]) {
		n++
	}
	return s[:n], s[n:]
}

// valueOf splits s after the value of a parameter: a token, or a quoted string that contains
// a token (RFC 6455 §9.1). Backslashes are not supported, because no character of a token
// needs one.
func valueOf[T ~string | ~[]byte](s T) (value, rest T, ok bool) {
	quoted := len(s) > 0 && s[0] == '"'
	if quoted {
		s = s[1:]
	}
	value, rest = token(s)
	if quoted {
		if len(rest) == 0 || rest[0] != '"' {
			return value, rest, false
		}
		rest = rest[1:]
	}
	return value, rest, len(value) > 0
}

func space[T ~string | ~[]byte](s T) T {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}
