package codec

import (
	"iter"
	"slices"
)

// RequestParams are the parts of a client's opening handshake (RFC 6455 §4.1).
type RequestParams struct {
	Host         string                    // host [ ":" port ], as in the URL
	Target       string                    // path and query, escaped; "" means "/"
	Key          [24]byte                  // from EncodeKey
	Origin       string                    // as a browser would send it; "" omits the header
	Subprotocols []string                  // in order of preference; nil omits the header
	Extensions   string                    // value of Sec-WebSocket-Extensions; "" omits the header
	Header       iter.Seq2[string, string] // names and values of further header lines; nil for none
}

// maxTarget is the maximum length of a request-target in bytes. Servers do not accept longer
// ones.
const maxTarget = 1<<16 - 1

// AppendRequest appends a client's opening handshake (RFC 6455 §4.1) to dst and returns the
// extended slice. It checks every string, so that none can inject a header line. Header must
// contain neither a field that AppendRequest writes nor one that announces a body. The error
// is a [Misuse]; dst is then returned unchanged. dst is not retained.
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

// appendHeaders appends the caller's header lines. It is a separate function so that a
// request without such lines does not allocate.
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
		if !IsSubprotocol(name) || slices.Contains(p.Subprotocols[:i], name) {
			return MisuseSubprotocol
		}
	}
	return 0
}

// IsSubprotocol reports whether name may be sent in Sec-WebSocket-Protocol. RFC 6455 §4.1
// requires a token. Some names in use are not tokens, such as
// "SPDY/3.1+portforward.k8s.io", and are allowed, too. A comma, a quotation mark or a space
// is refused, because a list with it would be parsed as other names.
func IsSubprotocol[T text](name T) bool {
	return len(name) > 0 && allIn(name, protocolChar)
}

// checkHeader checks a header line of the caller.
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

// Misuse is an error of the caller, not of the peer: an argument contains a string that must
// not be sent. Values are constants: returning one does not allocate. Compare them with ==,
// or with [errors.Is] if they are wrapped.
type Misuse uint8

// The kinds of misuse, with the string that causes each.
const (
	MisuseHost        Misuse = iota + 1 // Host: not host [ ":" port ]
	MisuseTarget                        // Target: not a path and query
	MisuseKey                           // Key: not the base64 of 16 bytes
	MisuseOrigin                        // Origin: contains a control character
	MisuseSubprotocol                   // a sub-protocol: empty, repeated, or with a comma, quotation mark or space
	MisuseExtensions                    // Extensions: contains a control character
	MisuseHeader                        // Header: a name is not a token, or a value contains a control character
	MisuseReserved                      // Header: names a field that the handshake sets
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

// Error returns the kind of misuse. It does not contain the string.
func (m Misuse) Error() string {
	if m >= misuses {
		m = 0
	}
	return misuseTable[m]
}
