package codec

import (
	"iter"
	"slices"
)

// RequestParams is what a client says in its opening handshake.
type RequestParams struct {
	Host         string                    // host and perhaps port, as in the URL
	Target       string                    // path and query, escaped; "" means "/"
	Key          [24]byte                  // from EncodeKey
	Origin       string                    // as a browser would send it; "" leaves it out
	Subprotocols []string                  // in the order of preference
	Extensions   string                    // the value of Sec-WebSocket-Extensions; "" leaves it out
	Header       iter.Seq2[string, string] // further header lines; nil means none
}

// maxTarget is how long a request-target may be, in bytes: servers do not take a longer
// one.
const maxTarget = 1<<16 - 1

// AppendRequest appends to dst a client's opening handshake (RFC 6455 §4.1) and
// returns the extended slice. Every string is checked, so that none can add a
// line or a second meaning: a Misuse returns dst as it was. Header may not name
// what this function writes itself, nor announce a body. dst is not retained.
func AppendRequest(dst []byte, p RequestParams) ([]byte, error) {
	if p.Target == "" {
		p.Target = "/"
	}
	if m := p.check(); m != 0 {
		return dst, m
	}
	b := append(dst, "GET "...)
	b = append(b, p.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, p.Host...)
	b = append(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...)
	b = append(b, p.Key[:]...)
	if p.Origin != "" {
		b = appendHeader(b, "Origin", p.Origin)
	}
	for i, name := range p.Subprotocols {
		if i == 0 {
			b = appendHeader(b, "Sec-WebSocket-Protocol", name)
			continue
		}
		b = append(b, ", "...)
		b = append(b, name...)
	}
	if p.Extensions != "" {
		b = appendHeader(b, "Sec-WebSocket-Extensions", p.Extensions)
	}
	if p.Header != nil {
		var m Misuse
		if b, m = appendHeaders(b, p.Header); m != 0 {
			return dst, m
		}
	}
	return append(b, "\r\n\r\n"...), nil
}

// appendHeaders appends the user's header lines. It stands apart so that a
// request without any allocates nothing.
func appendHeaders(dst []byte, header iter.Seq2[string, string]) ([]byte, Misuse) {
	for name, value := range header {
		if m := checkHeader(name, value); m != 0 {
			return dst, m
		}
		dst = appendHeader(dst, name, value)
	}
	return dst, 0
}

func (p *RequestParams) check() Misuse {
	switch {
	case !validHost(p.Host):
		return MisuseHost
	case len(p.Target) > maxTarget || p.Target[0] != '/':
		return MisuseTarget
	case !ValidKey(p.Key[:]):
		return MisuseKey
	case !allIn(p.Origin, valueChar):
		return MisuseOrigin
	case !allIn(p.Extensions, valueChar):
		return MisuseExtensions
	}
	if _, ok := parseTarget(p.Target); !ok {
		return MisuseTarget
	}
	for i, name := range p.Subprotocols {
		if !sendableSubprotocol(name) || slices.Contains(p.Subprotocols[:i], name) {
			return MisuseSubprotocol
		}
	}
	return 0
}

// sendableSubprotocol reports whether name may stand in Sec-WebSocket-Protocol: a token
// (RFC 6455 §4.1), or one of the names that are none and in use all the same, such as
// "SPDY/3.1+portforward.k8s.io". A comma, a quotation mark or a space would make more, or
// another one, of it.
func sendableSubprotocol[T text](name T) bool {
	return len(name) > 0 && allIn(name, protocolChar)
}

// checkHeader judges a header line of the user's.
func checkHeader(name, value string) Misuse {
	const reserved = "sec-websocket-"
	switch {
	case !IsToken(name) || !allIn(value, valueChar):
		return MisuseHeader
	case fieldOf([]byte(name)) != fieldOther:
		return MisuseReserved
	case len(name) >= len(reserved) && equalFold(name[:len(reserved)], reserved):
		return MisuseReserved
	}
	return 0
}

// Misuse is a string that may not be sent where the caller wants it: the fault
// is in this program, not in its peer. The values are static.
type Misuse uint8

// What can be misused.
const (
	MisuseHost        Misuse = iota + 1 // not host [ ":" port ]
	MisuseTarget                        // not a path and query
	MisuseKey                           // not the base64 of 16 bytes
	MisuseOrigin                        // a control character
	MisuseSubprotocol                   // empty, with a comma, a quotation mark or a space, or offered twice
	MisuseExtensions                    // a control character
	MisuseHeader                        // the name is not a token, or a control character in the value
	MisuseReserved                      // a header that the handshake itself writes
	misuses
)

var misuseTable = [misuses]string{
	0:                 "codec: no misuse",
	MisuseHost:        "codec: host that may not be sent",
	MisuseTarget:      "codec: request-target that may not be sent",
	MisuseKey:         "codec: key that may not be sent",
	MisuseOrigin:      "codec: origin that may not be sent",
	MisuseSubprotocol: "codec: sub-protocol that may not be sent, or is offered twice",
	MisuseExtensions:  "codec: extensions that may not be sent",
	MisuseHeader:      "codec: header that may not be sent",
	MisuseReserved:    "codec: header that only the handshake may write",
}

// Error names what was misused.
func (m Misuse) Error() string {
	if m >= misuses {
		m = 0
	}
	return misuseTable[m]
}
