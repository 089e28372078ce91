package websocket

import (
	"bytes"
	"net/http"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Negotiate does the part of the server's opening handshake that does not depend on how
// the request came, for servers other than net/http: HTTP/3, another HTTP library, an
// event loop. host is the Host header or the :authority of the request, and header has at
// least its Origin, Sec-WebSocket-Version, Sec-WebSocket-Protocol and
// Sec-WebSocket-Extensions, their names in any case; it is only read.
//
// The result names what the response has to say. The caller sends it, over HTTP/1.1 with
// status 101 and codec.AcceptKey and otherwise with status 200 (RFC 8441 §5), and gives
// result and connection to [NewConn], with the same Options. The error is a
// *HandshakeError with the status and the reason to refuse with, or reports Options that
// cannot be understood. Method, Upgrade, Connection and Sec-WebSocket-Key of HTTP/1.1 are
// the caller's to judge.
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

// judgeHTTP reports why the request that net/http has read is refused. proto is
// "HTTP/2.0" for an extended CONNECT only.
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

// appendHead appends of a request what the opening handshake looks at, in the form that
// the codec judges, of so many lines. Target and Host, which net/http has judged, are not
// in it. Of proto "HTTP/2.0", which has no fields for that, what asks for an upgrade is
// added (RFC 8441 §5); the key is of zeros, and nothing is derived from it.
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

// handshakeFields are the fields of a request that the codec judges, in net/http's
// spelling; the first tunnelFields are those that no extended CONNECT has.
var handshakeFields = [...]string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Content-Length",
	"Origin", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions",
}

const tunnelFields = 4

// judge reports why the request whose head, of so many lines, is in r.in is refused.
func (u *upgrader) judge(r *Request, lines int, host string) error {
	head := r.in.B
	if bytes.Count(head, []byte{'\n'}) != lines {
		return codec.ErrHeaderValue // a middleware set one that is not one line
	}
	r.head.MaxBytes, r.head.MaxLines = len(head), lines // net/http's limits hold
	if _, err := r.head.Parse(head); err != nil {
		return err
	}
	if err := r.head.Check(u.settings.Subprotocols...); err != nil {
		return err
	}
	return u.origins.check(r.head.Origin(), host)
}
