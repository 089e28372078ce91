package codec

import (
	"bytes"
	"iter"
)

// Request is a client's opening handshake (RFC 6455 §4.1) as a server receives it. The zero
// value is ready for [Request.Parse].
//
// A Request does not copy the bytes that it parses. Its methods return slices of the argument
// of the last Parse: they are valid until those bytes change, and must not be modified. Before
// Parse has succeeded, the methods return nil. A Request must not be used concurrently.
type Request struct {
	// MaxBytes is the maximum size of the head in bytes, including the empty line.
	// 0 means [MaxHeadBytes].
	MaxBytes int

	// MaxLines is the maximum number of header lines. 0 means [MaxHeadLines].
	MaxLines int

	head
	method uint32 // end of the method, which begins at 0
	target uint32 // end of the request-target, which begins after "method SP"
	parts  target // relative to the start of the request-target
}

// Reset prepares r for the next request, and releases the bytes of the last one. It
// keeps MaxBytes and MaxLines.
func (r *Request) Reset() { r.reset() }

// Parse parses the head of a request at the start of b, which holds all bytes received
// so far. It returns the size of the head, including the empty line. The bytes after it
// are the client's first frames. Parse checks the rules of HTTP (RFC 9112: start line,
// header lines, sizes, Host). [Request.Check] checks those of WebSocket.
//
// If the error is [ErrShort], call Parse again with more bytes after the same ones,
// which may have moved. No byte is scanned twice, so the cost is linear in the size of
// the head, in any number of calls. All other errors are a [Refusal], and final. They
// are returned at the first invalid byte, or at the latest at the end of its line.
//
// Lines must end in CRLF. An empty line before the request line is refused. The
// request-target must be in origin-form or absolute-form. The forms that only OPTIONS and
// CONNECT have are refused with [ErrMethod].
func (r *Request) Parse(b []byte) (n int, err error) {
	if r.refused != 0 {
		return 0, r.refused
	}
	limit := headLimit(r.MaxBytes)
	r.setLines(r.MaxLines)
	return r.settle(b, limit, r.scan(b[:min(len(b), limit)]))
}

func (r *Request) scan(b []byte) Refusal {
	if len(b) < r.pos {
		return short // b is shorter than in the last call
	}
	if r.state < atLine {
		if v := r.scanLine(b); v != 0 {
			return v
		}
	}
	for {
		f, v := r.next(b)
		switch {
		case v != 0:
			return v
		case f == fieldHost:
			if v := r.judgeHost(b); v != 0 {
				return v
			}
		case f == fieldEnd:
			if r.count[fieldHost] == 0 {
				return ErrHostMissing
			}
			return 0
		}
	}
}

// scanLine scans the request line: method SP request-target SP HTTP-version CRLF. Each case
// is a state in which an earlier call can have reached the end of b.
func (r *Request) scanLine(b []byte) Refusal {
	i := r.pos
	switch r.state {
	case atStart:
		for i < len(b) && class[b[i]]&tokenChar != 0 {
			i++
		}
		if i == len(b) {
			return r.wait(i, atStart)
		}
		if b[i] != ' ' || i == 0 {
			return ErrRequestLine
		}
		r.method = uint32(i)
		i++
		fallthrough
	case inTarget:
		for i < len(b) && class[b[i]]&targetChar != 0 {
			i++
		}
		start := int(r.method) + 1
		if i > start && b[start] != '/' && lower(b[start]) != 'h' {
			return refuseForm(b[:r.method], b[start])
		}
		if i == len(b) {
			return r.wait(i, inTarget)
		}
		if b[i] != ' ' {
			return ErrRequestLine
		}
		parts, ok := parseTarget(b[start:i])
		if !ok {
			return refuseForm(b[:r.method], b[start])
		}
		r.parts, r.target = parts, uint32(i)
		i++
		fallthrough
	default: // inVersion
		start := int(r.target) + 1
		if bytes.HasPrefix(b[start:], []byte(httpVersion)) {
			i = start + len(httpVersion)
		}
		for ; i < start+len(httpVersion); i++ {
			if i == len(b) {
				return r.wait(i, inVersion)
			}
			if v := judgeVersion(b[i], i-start); v != 0 {
				return v
			}
		}
	}
	r.pos, r.state = i, atLine
	return 0
}

// refuseForm returns the reason for refusing a target in neither form. Each other form
// belongs to one method (RFC 9112 §3.2.3, §3.2.4). first is the first byte of the target.
func refuseForm(method []byte, first byte) Refusal {
	switch {
	case first == '*' && string(method) == "PRI":
		return ErrHTTPMajor // the preface of HTTP/2 (RFC 9113 §3.4)
	case first == '*' && string(method) == "OPTIONS", string(method) == "CONNECT":
		return ErrMethod
	}
	return ErrRequestLine
}

// httpVersion is the end of a request line. The minor version may be higher.
const httpVersion = "HTTP/1.1\r\n"

// judgeVersion checks c, byte i of the end of a request line, against httpVersion.
func judgeVersion(c byte, i int) Refusal {
	const major, minor, cr = 5, 7, 8
	switch {
	case c == httpVersion[i]:
		return 0
	case i == major && isDigit(c):
		return ErrHTTPMajor
	case i == minor && c == '0':
		return ErrHTTP10
	case i == minor && isDigit(c):
		return 0 // a higher minor version is compatible (RFC 9110 §2.5)
	case i == cr && c == '\n' || i > cr:
		return ErrLineEnd
	}
	return ErrRequestLine
}

// judgeHost checks the Host header that was scanned last.
func (r *Request) judgeHost(b []byte) Refusal {
	if r.count[fieldHost] > 1 {
		return ErrHostTwice
	}
	if l := &r.lines[r.first[fieldHost]]; !validHost(b[l.value:l.end]) {
		return ErrHost
	}
	return 0
}

// Method returns the method. It is "GET" if [Request.Check] returns nil.
func (r *Request) Method() []byte { return r.span(0, r.method) }

// Target returns the request-target as it was sent.
func (r *Request) Target() []byte { return r.span(r.method+1, r.target) }

// Path returns the path of the target, still escaped. It begins with "/".
func (r *Request) Path() []byte { return r.part(r.parts.path, r.parts.pathEnd) }

// Query returns the part of the target after the first "?", still escaped. It is empty if
// there is no "?".
func (r *Request) Query() []byte { return r.part(r.parts.query, r.target-r.method-1) }

// Host returns the host of the request, with the port if one is named. It is the value of
// the Host header. The authority of a target in absolute-form overrides it (RFC 9112 §3.2.2).
func (r *Request) Host() []byte {
	if r.parts.authority != 0 {
		return r.part(r.parts.authority, r.parts.authorityEnd)
	}
	return r.value(fieldHost)
}

// part returns a part of the target.
func (r *Request) part(from, to uint32) []byte {
	start := r.method + 1
	return r.span(start+from, start+to)
}

// Key returns the value of Sec-WebSocket-Key, or nil if there is none.
func (r *Request) Key() []byte { return r.value(fieldKey) }

// Origin returns the value of Origin. It is nil if there is none: then the client is not a
// browser (RFC 6455 §4.2.1 /7/). A server for browsers must compare it with the origins that
// it trusts, and refuse others with [ErrOrigin].
func (r *Request) Origin() []byte { return r.value(fieldOrigin) }

// IsUpgrade reports whether the request asks to switch to WebSocket: Upgrade lists
// "websocket" and Connection lists "upgrade". It does not check other fields; see
// [Request.Check].
func (r *Request) IsUpgrade() bool {
	return r.lists(fieldUpgrade, "websocket") && r.lists(fieldConnection, "upgrade")
}

// Subprotocols iterates over the sub-protocols in all Sec-WebSocket-Protocol headers, in the
// client's order of preference.
func (r *Request) Subprotocols() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { r.subprotocols(yield) }
}

func (r *Request) subprotocols(yield func([]byte) bool) {
	r.all(fieldProtocol, func(list []byte) bool {
		for len(list) > 0 {
			var name []byte
			if name, list = cutElement(list); len(name) > 0 && !yield(name) {
				return false
			}
		}
		return true
	})
}
