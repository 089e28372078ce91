package websocket

import (
	"bytes"
	"net/http"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Negotiate checks and answers an opening handshake for servers other than net/http: over
// HTTP/3, with another HTTP library, or in an event loop. host is the Host header or the
// :authority of the request. header has at least the request's Origin,
// Sec-WebSocket-Version, Sec-WebSocket-Protocol and Sec-WebSocket-Extensions, with names
// in any case. It is neither modified nor retained. Over HTTP/1.1 the caller has to check
// the method and the fields Upgrade, Connection and Sec-WebSocket-Key.
//
// The caller sends the fields of the result in the response: over HTTP/1.1 with status
// 101 and [codec.AcceptKey], otherwise with status 200 (RFC 8441 §5). It then passes the
// result and the connection to [NewConn], with the same Options.
//
// The error is a [*HandshakeError], whose Status and Reason the caller sends to refuse
// the request, or it reports invalid Options.
func (u *Upgrader) Negotiate(host string, header http.Header) (Handshake, error) {
	u.init()
	if u.invalid != nil {
		return Handshake{}, u.invalid
	}
	canonical := make(http.Header, len(handshakeFields))
	for name, values := range header {
		name = http.CanonicalHeaderKey(name)
		canonical[name] = append(canonical[name], values...)
	}
	r := requests.Get().(*Request)
	defer func() {
		r.reset()
		requests.Put(r)
	}()
	r.in = pool.Get(firstHead)
	var lines int
	r.in.B, lines = appendHead(r.in.B, http.MethodGet, "HTTP/2.0", canonical, nil)
	if err := u.judge(r, lines, host); err != nil {
		return Handshake{}, handshakeError(err)
	}
	ext := u.settings.Compression.accept(r.head.Extensions())
	return Handshake{Subprotocol: selectSubprotocol(u.settings.Subprotocols, &r.head), Extensions: ext.String()}, nil
}

// judgeHTTP returns the error that refuses a request of net/http, or nil. proto is
// "HTTP/2.0" only for an extended CONNECT.
func (u *upgrader) judgeHTTP(r *Request, proto string, header http.Header, admit func(*Request) error) error {
	method := r.http.Method
	if proto == "HTTP/2.0" && !isExtendedConnect(r.http) {
		return codec.ErrHTTPMajor
	}
	if proto == "HTTP/2.0" || method == "" {
		method = http.MethodGet
	}
	r.in = pool.Get(firstHead)
	var lines int
	r.in.B, lines = appendHead(r.in.B, method, proto, header, r.http.TransferEncoding)
	if err := u.judge(r, lines, r.http.Host); err != nil {
		return err
	}
	if admit != nil {
		return admit(r)
	}
	return nil
}

// appendHead appends a head for the codec, with the fields of a request that the opening
// handshake depends on, and returns its number of lines. It leaves out the target and the
// Host, which net/http has checked. A request of proto "HTTP/2.0" has no fields that ask
// for an upgrade (RFC 8441 §5). appendHead adds them, with a key of zeros that is not
// used.
func appendHead(dst []byte, method, proto string, header http.Header, codings []string) (_ []byte, lines int) {
	tunnel := proto == "HTTP/2.0"
	if tunnel {
		proto = "HTTP/1.1"
	}
	dst = append(append(append(dst, method...), " / "...), proto...)
	dst = append(dst, "\r\nHost: -"...)
	lines = 3
	add := func(name, value string) {
		dst = append(append(dst, "\r\n"...), name...)
		dst = append(append(dst, ": "...), value...)
		lines++
	}
	for _, coding := range codings {
		add("Transfer-Encoding", coding)
	}
	if tunnel {
		add("Upgrade", "websocket")
		add("Connection", "Upgrade")
		add("Sec-Websocket-Key", zeroKey)
	}
	for i, name := range handshakeFields {
		if tunnel && i < tunnelFields {
			continue
		}
		for _, value := range header[name] {
			add(name, value)
		}
	}
	return append(dst, "\r\n\r\n"...), lines
}

// handshakeFields are the fields of a request that the codec checks, in net/http's
// spelling. An extended CONNECT does not have the first tunnelFields of them.
var handshakeFields = [...]string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Content-Length",
	"Origin", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions",
}

const tunnelFields = 4

// judge returns the error that refuses the request whose head is in r.in, or nil. lines is
// the number of lines of the head.
func (u *upgrader) judge(r *Request, lines int, host string) error {
	head := r.in.B
	if bytes.Count(head, []byte{'\n'}) != lines {
		return codec.ErrHeaderValue // a middleware set a value that contains a newline
	}
	r.head.MaxBytes, r.head.MaxLines = len(head), lines // the limits of net/http apply
	if _, err := r.head.Parse(head); err != nil {
		return err
	}
	if err := r.head.Check(u.settings.Subprotocols...); err != nil {
		return err
	}
	return u.origins.check(r.head.Origin(), host)
}
