package codec

import "strconv"

// Refusal is the reason why an opening handshake fails (RFC 6455 §4): a fault that a server
// finds in a request, or a client in a response. Values are constants: returning one does not
// allocate, and two are equal if and only if the reason is the same.
type Refusal uint8

// The reasons. Parse returns violations of HTTP, and Check violations of RFC 6455.
const (
	ErrRequestLine          Refusal = iota + 1 // RFC 9112 §3: method SP request-target SP HTTP-version CRLF
	ErrHTTP10                                  // RFC 6455 §4.1: "the HTTP version MUST be at least 1.1"
	ErrHTTPMajor                               // RFC 9112 §2.3: not HTTP/1 at all
	ErrLineEnd                                 // RFC 9112 §2.2: CR without LF, or LF without CR
	ErrHeaderLine                              // RFC 9112 §5: a header line without a colon
	ErrHeaderName                              // RFC 9110 §5.1: a header name that is empty or not a token
	ErrHeaderSpace                             // RFC 9112 §5.1: white space in a header name or before its colon
	ErrHeaderFold                              // RFC 9112 §5.2: a header line that begins with white space
	ErrHeaderValue                             // RFC 9110 §5.5: a control character in a header value
	ErrHeadTooBig                              // more bytes than the limit
	ErrTooManyLines                            // more than MaxHeadLines header lines
	ErrHostMissing                             // RFC 9112 §3.2: no Host
	ErrHostTwice                               // RFC 9112 §3.2: "more than one Host header field line"
	ErrHost                                    // RFC 9110 §7.2: not uri-host [ ":" port ]
	ErrMethod                                  // RFC 6455 §4.1: "The method of the request MUST be GET"
	ErrUpgrade                                 // RFC 6455 §4.2.1: no Upgrade header with "websocket"
	ErrConnection                              // RFC 6455 §4.2.1: no Connection header with "Upgrade"
	ErrVersion                                 // RFC 6455 §4.4: Sec-WebSocket-Version missing or not 13
	ErrVersionTwice                            // RFC 6455 §11.3.5: "MUST NOT appear more than once"
	ErrKeyMissing                              // RFC 6455 §4.2.1: no Sec-WebSocket-Key
	ErrKeyTwice                                // RFC 6455 §11.3.1: "MUST NOT appear more than once"
	ErrKey                                     // RFC 6455 §4.2.1: not the base64 of 16 bytes
	ErrBody                                    // RFC 9112 §6: a body is announced; a GET that upgrades has none
	ErrSubprotocol                             // RFC 6455 §11.3.4: Sec-WebSocket-Protocol is not a list of tokens
	ErrSubprotocolTwice                        // RFC 6455 §4.1: the sub-protocols "MUST all be unique strings"
	ErrOriginTwice                             // RFC 6454 §7.3: more than one Origin
	ErrOrigin                                  // RFC 6455 §10.2: an origin that this server does not serve
	ErrTooManyConnections                      // the server is full
	ErrStatusLine                              // RFC 9112 §4: HTTP-version SP status-code SP [ reason-phrase ] CRLF
	ErrStatus                                  // RFC 6455 §4.1: a status other than 101
	ErrAcceptMissing                           // RFC 6455 §4.1: no Sec-WebSocket-Accept
	ErrAcceptTwice                             // RFC 6455 §11.3.3: "MUST NOT appear more than once"
	ErrAccept                                  // RFC 6455 §4.1: Sec-WebSocket-Accept does not match the key that was sent
	ErrExtension                               // RFC 6455 §4.1: extensions or parameters that were not offered
	ErrSubprotocolSeveral                      // RFC 6455 §11.3.4: "MUST NOT appear more than once in an HTTP response"
	ErrSubprotocolUnoffered                    // RFC 6455 §4.1: a sub-protocol that was not offered
	refusals
)

var refusalTable = [refusals]struct {
	reason string
	status int
}{
	0:                       {"codec: no refusal", 500},
	ErrRequestLine:          {"codec: malformed request line", 400},
	ErrHTTP10:               {"codec: HTTP/1.0 has no upgrades: use HTTP/1.1, also between a proxy and this server (nginx: proxy_http_version 1.1)", 400},
	ErrHTTPMajor:            {"codec: not HTTP/1.1: a WebSocket over HTTP/2 or HTTP/3 is asked for with extended CONNECT (RFC 8441, RFC 9220), not with Upgrade", 400},
	ErrLineEnd:              {"codec: line does not end in CRLF", 400},
	ErrHeaderLine:           {"codec: header line without a colon", 400},
	ErrHeaderName:           {"codec: header name is not a token", 400},
	ErrHeaderSpace:          {"codec: white space in a header name or before its colon", 400},
	ErrHeaderFold:           {"codec: folded header line", 400},
	ErrHeaderValue:          {"codec: control character in a header value", 400},
	ErrHeadTooBig:           {"codec: head larger than the limit", 431},
	ErrTooManyLines:         {"codec: too many header lines", 431},
	ErrHostMissing:          {"codec: no Host header", 400},
	ErrHostTwice:            {"codec: more than one Host header", 400},
	ErrHost:                 {"codec: malformed Host", 400},
	ErrMethod:               {"codec: method is not GET", 405},
	ErrUpgrade:              {"codec: Upgrade header does not name websocket", 426},
	ErrConnection:           {"codec: Connection header does not name Upgrade", 426},
	ErrVersion:              {"codec: Sec-WebSocket-Version is not 13", 426},
	ErrVersionTwice:         {"codec: more than one Sec-WebSocket-Version header", 400},
	ErrKeyMissing:           {"codec: no Sec-WebSocket-Key header", 400},
	ErrKeyTwice:             {"codec: more than one Sec-WebSocket-Key header", 400},
	ErrKey:                  {"codec: Sec-WebSocket-Key is not the base64 of 16 bytes", 400},
	ErrBody:                 {"codec: request announces a body", 400},
	ErrSubprotocol:          {"codec: Sec-WebSocket-Protocol is not a list of 1 to 64 tokens", 400},
	ErrSubprotocolTwice:     {"codec: sub-protocol offered twice", 400},
	ErrOriginTwice:          {"codec: more than one Origin header", 400},
	ErrOrigin:               {"codec: origin not allowed", 403},
	ErrTooManyConnections:   {"codec: too many connections", 503},
	ErrStatusLine:           {"codec: malformed status line", 502},
	ErrStatus:               {"codec: response status is not 101", 502},
	ErrAcceptMissing:        {"codec: no Sec-WebSocket-Accept header", 502},
	ErrAcceptTwice:          {"codec: more than one Sec-WebSocket-Accept header", 502},
	ErrAccept:               {"codec: Sec-WebSocket-Accept does not answer the key", 502},
	ErrExtension:            {"codec: response names extensions that were not offered, or not in this way", 502},
	ErrSubprotocolSeveral:   {"codec: response names more than one sub-protocol", 502},
	ErrSubprotocolUnoffered: {"codec: response names a sub-protocol that was not offered", 502},
}

// Error returns the reason.
func (r Refusal) Error() string { return refusalTable[r.known()].reason }

// HTTPStatus returns the status code of the response that refuses a request for r. For
// faults of a response, which only a client finds, it returns 502: a gateway can send it to
// its own client.
func (r Refusal) HTTPStatus() int { return refusalTable[r.known()].status }

func (r Refusal) known() Refusal {
	if r >= refusals {
		return 0
	}
	return r
}

// AppendRefusal appends to dst the complete HTTP/1.1 response that refuses a request for r,
// and returns the extended slice. The body is the reason on one line. The response contains
// Connection: close. Close the connection after it, because the bytes after a refused upgrade
// may be frames. dst is not retained.
func AppendRefusal(dst []byte, r Refusal) []byte {
	status := r.HTTPStatus()
	reason := r.Error()[len("codec: "):]
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(dst, statusLine(status)...)
	switch status {
	case 405:
		// "The origin server MUST generate an Allow header field in a 405 response" RFC 9110 §15.5.6
		dst = append(dst, "\r\nAllow: GET\r\nConnection: close"...)
	case 426:
		// "The server MUST send an Upgrade header field in a 426 response" RFC 9110 §15.5.22,
		// and the versions that it supports: RFC 6455 §4.4
		dst = append(dst, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close"...)
	default:
		dst = append(dst, "\r\nConnection: close"...)
	}
	dst = append(dst, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(reason)+1), 10)
	dst = append(dst, "\r\n\r\n"...)
	dst = append(dst, reason...)
	return append(dst, '\n')
}

func statusLine(status int) string {
	switch status {
	case 400:
		return "400 Bad Request"
	case 403:
		return "403 Forbidden"
	case 405:
		return "405 Method Not Allowed"
	case 426:
		return "426 Upgrade Required"
	case 431:
		return "431 Request Header Fields Too Large"
	case 502:
		return "502 Bad Gateway"
	case 503:
		return "503 Service Unavailable"
	}
	return "500 Internal Server Error"
}
