package codec

// Response is a server's answer to an opening handshake (RFC 6455 §4.2.2) as a client
// receives it. The zero value is ready for [Response.Parse]. The rules of [Request] for
// memory and concurrency apply.
//
// After a response with a 1xx status other than 101, another one follows: call
// [Response.Reset] and parse the next (RFC 9110 §15.2).
type Response struct {
	// MaxBytes is the maximum size of the head in bytes, including the empty line.
	// 0 means [MaxHeadBytes].
	MaxBytes int

	// MaxLines is the maximum number of header lines. 0 means [MaxHeadLines].
	MaxLines int

	head
	reason, reasonEnd uint32
	status            uint16
	http10            bool
}

// Reset prepares r for the next response, and releases the bytes of the last one. It keeps
// MaxBytes and MaxLines.
func (r *Response) Reset() { r.reset() }

// Parse parses the head of a response at the start of b, which holds all bytes received so
// far. It returns the same errors as [Request.Parse]. After the head of a 101, the bytes are
// the server's first frames; after another head, they are its body.
//
// Parse accepts a status line that ends after the status code, without a space. It accepts
// folded header lines, and overwrites their line ends in b with spaces (RFC 9112 §5.2).
func (r *Response) Parse(b []byte) (n int, err error) {
	if r.refused != 0 {
		return 0, r.refused
	}
	limit := headLimit(r.MaxBytes)
	r.setLines(r.MaxLines)
	r.folds = true
	return r.settle(b, limit, r.scan(b[:min(len(b), limit)]))
}

func (r *Response) scan(b []byte) Refusal {
	if len(b) < r.pos {
		return short // b is shorter than in the last call
	}
	if r.state < atLine {
		if v := r.scanLine(b); v != 0 {
			return v
		}
	}
	for {
		if f, v := r.next(b); v != 0 || f == fieldEnd {
			return v
		}
	}
}

// The start of a status line: "#" is a digit.
const (
	statusForm = "HTTP/1.# ### "
	minorAt    = len("HTTP/1.")
	statusAt   = len("HTTP/1.1 ")
	reasonAt   = len(statusForm)
)

// scanLine scans the status line: HTTP-version SP status-code [ SP [ reason ] ] CRLF.
// RFC 9112 §4 requires the last space, but some servers omit it together with the reason.
func (r *Response) scanLine(b []byte) Refusal {
	i := r.pos
	switch r.state {
	case atStart:
		for ; i < reasonAt; i++ {
			if i == len(b) {
				return r.wait(i, atStart)
			}
			if i == reasonAt-1 && b[i] == '\r' {
				break // no reason, and no space before it
			}
			ok := b[i] == statusForm[i]
			if statusForm[i] == '#' {
				ok = isDigit(b[i])
			}
			if !ok {
				return ErrStatusLine
			}
		}
		r.http10 = b[minorAt] == '0'
		r.status = 0
		for _, c := range b[statusAt : statusAt+3] {
			r.status = r.status*10 + uint16(c-'0')
		}
		if r.status < 100 {
			return ErrStatusLine
		}
		r.reason = uint32(i)
		fallthrough
	case inReason:
		i = skipValue(b, i)
		if i == len(b) {
			return r.wait(i, inReason)
		}
		if b[i] != '\r' {
			return ErrStatusLine
		}
		r.reasonEnd = uint32(i)
		i++
		fallthrough
	default: // wantStartLF
		if i == len(b) {
			return r.wait(i, wantStartLF)
		}
		if b[i] != '\n' {
			return ErrLineEnd
		}
	}
	r.pos, r.state = i+1, atLine
	return 0
}

// Status returns the status code, or 0 before Parse has succeeded.
func (r *Response) Status() int {
	if r.buf == nil {
		return 0
	}
	return int(r.status)
}

// Reason returns the reason phrase, which may be empty. Use it for display only: "A client
// SHOULD ignore the reason-phrase content" (RFC 9112 §4).
func (r *Response) Reason() []byte { return r.span(r.reason, r.reasonEnd) }

// Subprotocol returns the sub-protocol that the server chose, or nil if it chose none.
func (r *Response) Subprotocol() []byte { return r.value(fieldProtocol) }

// Check checks whether a parsed response accepts the request (RFC 6455 §4.1). The request
// was sent with key and the sub-protocols offered; extensions reports whether it offered
// extensions. The error is a [Refusal]: the first in the order status, HTTP version, Upgrade,
// Connection, accept, extensions, sub-protocol. Check does not compare the extensions with
// the offer.
func (r *Response) Check(key [24]byte, offered []string, extensions bool) error {
	if v := r.check(key, offered, extensions); v != 0 {
		return v
	}
	return nil
}

func (r *Response) check(key [24]byte, offered []string, extensions bool) Refusal {
	switch {
	case r.Status() != 101:
		return ErrStatus
	case r.http10:
		return ErrHTTP10
	case r.count[fieldUpgrade] != 1 || !equalFold(r.value(fieldUpgrade), "websocket"):
		return ErrUpgrade
	case !r.lists(fieldConnection, "upgrade"):
		return ErrConnection
	case r.count[fieldAccept] == 0:
		return ErrAcceptMissing
	case r.count[fieldAccept] > 1:
		return ErrAcceptTwice
	case !r.accepts(key):
		return ErrAccept
	case !extensions && r.namesExtension():
		return ErrExtension
	case r.count[fieldProtocol] > 1:
		return ErrSubprotocolSeveral
	case r.count[fieldProtocol] == 1 && !contains(offered, r.Subprotocol()):
		return ErrSubprotocolUnoffered
	}
	return 0
}

// namesExtension reports whether Sec-WebSocket-Extensions has an element. Recipients ignore
// empty ones (RFC 9110 §5.6.1.2).
func (r *Response) namesExtension() bool {
	named := false
	r.all(fieldExtensions, func(list []byte) bool {
		for len(list) > 0 && !named {
			var element []byte
			element, list = cutElement(list)
			named = len(element) > 0
		}
		return !named
	})
	return named
}

func (r *Response) accepts(key [24]byte) bool {
	want := AcceptKey(key[:])
	return string(r.value(fieldAccept)) == string(want[:])
}

// contains reports whether name is in offered. Case matters.
func contains(offered []string, name []byte) bool {
	for _, o := range offered {
		if o == string(name) {
			return true
		}
	}
	return false
}

// AppendResponse appends to dst the 101 response that accepts a request with the
// Sec-WebSocket-Key key (RFC 6455 §4.2.2), and returns the extended slice. It checks only the
// length of key: call [Request.Check] or [ValidKey] first. An empty subprotocol or extensions
// omits the header. The error is a [Misuse]; dst is then returned unchanged. key and dst are
// not retained.
func AppendResponse(dst, key []byte, subprotocol, extensions string) ([]byte, error) {
	switch {
	case len(key) != 24:
		return dst, MisuseKey
	case subprotocol != "" && !IsSubprotocol(subprotocol):
		return dst, MisuseSubprotocol
	case !allIn(extensions, valueChar):
		return dst, MisuseExtensions
	}
	accept := AcceptKey(key)
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(dst, accept[:]...)
	if subprotocol != "" {
		dst = appendHeader(dst, "Sec-WebSocket-Protocol", subprotocol)
	}
	if extensions != "" {
		dst = appendHeader(dst, "Sec-WebSocket-Extensions", extensions)
	}
	return append(dst, "\r\n\r\n"...), nil
}

// appendHeader appends the end of the previous line, then a line without its end.
func appendHeader(dst []byte, name, value string) []byte {
	dst = append(dst, "\r\n"...)
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	return append(dst, value...)
}
