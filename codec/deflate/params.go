package deflate

import (
	"strconv"

	"github.com/zerowire/websocket/codec"
)

// Name is what the extension is called in Sec-WebSocket-Extensions (RFC 7692 §7).
const Name = "permessage-deflate"

// The sizes of a window (RFC 7692 §7.1.2): 2^8 to 2^15 bytes.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// windowBits returns what a setting of WindowBits means.
func windowBits(set int) int {
	if set == 0 {
		return maxWindowBits
	}
	return min(max(set, minWindowBits), maxWindowBits)
}

// Params are the parameters of the extension (RFC 7692 §7.1), of an offer or of the
// answer to it. The zero value names none: both ends may take over their context
// and use the largest window.
type Params struct {
	ServerNoContextTakeover bool  // the server does not refer to earlier messages
	ClientNoContextTakeover bool  // the client does not
	ServerMaxWindowBits     uint8 // the server refers back 2^n bytes at most, 8 to 15; 0 if not named
	ClientMaxWindowBits     uint8 // the client does; 0 if not named
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

// element is one element of Sec-WebSocket-Extensions that is called Name.
type element struct {
	Params
	clientBits bool // client_max_window_bits without a value: "as you like"
	bad        bool // a parameter is unknown, repeated, or has a value that it must not have
}

// next parses the first element of a header value. named is false if it is another
// extension. ok is false if the value keeps not to the grammar of RFC 6455 §9.1; then
// nothing behind it can be understood.
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

// setParam notes a parameter, and reports whether it may stand there.
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

// setBits notes a size: "a decimal integer value without leading zeroes between 8 to
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

// token splits a token off the beginning of s, which is empty if there is none.
func token[T ~string | ~[]byte](s T) (token, rest T) {
	n := 0
	for n < len(s) && codec.IsToken(s[n:n+1]) {
		n++
	}
	return s[:n], s[n:]
}

// valueOf splits the value of a parameter off: a token, or a quoted string that holds one
// (RFC 6455 §9.1), in which no character needs a backslash.
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
