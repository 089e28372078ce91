package websocket

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/h2stream"
)

// protocolField is where net/http and x/net/http2 keep the pseudo-header :protocol.
const protocolField = ":protocol"

// isExtendedConnect reports whether hr asks for a tunnel of some protocol in a stream of
// HTTP/2 (RFC 8441 §4). net/http accepts such requests only from a client to which it has
// announced that it does.
func isExtendedConnect(hr *http.Request) bool {
	return hr.ProtoMajor == 2 && hr.Method == http.MethodConnect && len(hr.Header[protocolField]) > 0
}

// errProtocol refuses an extended CONNECT for another protocol (RFC 9220 §3).
var errProtocol = &HandshakeError{Status: http.StatusNotImplemented, Reason: "the :protocol is not websocket"}

// isWebSocket reports whether an extended CONNECT asks for WebSocket.
func isWebSocket(hr *http.Request) bool {
	return strings.EqualFold(hr.Header.Get(protocolField), "websocket")
}

// acceptHTTP2 answers r, an extended CONNECT, with 200 and takes its stream over. blocks
// says that the caller does not return to net/http before the stream is done; others close
// the Conn and return at once.
func (u *upgrader) acceptHTTP2(w http.ResponseWriter, r *Request, protocol string, ext extension, blocks bool) (*Conn, error) {
	// Messages are no body that a middleware may change or keep: they go to the innermost
	// ResponseWriter.
	inner := innermost(w)
	if !canFlush(inner) {
		return nil, fail(w, r.http, fmt.Errorf("%w: %T cannot be flushed: a middleware that wraps the ResponseWriter needs a method Unwrap", http.ErrNotSupported, inner))
	}
	if err := setAcceptance(w.Header(), protocol, ext); err != nil {
		return nil, fail(w, r.http, err)
	}
	if keys := r.http.Header["Sec-Websocket-Key"]; len(keys) == 1 && len(keys[0]) == len(zeroKey) {
		// HTTP/2 has no key (RFC 8441 §5), but undici sends one and wants the answer.
		accept := codec.AcceptKey([]byte(keys[0]))
		w.Header().Set("Sec-WebSocket-Accept", string(accept[:]))
	}
	// The status goes through the middlewares, for their access logs; net/http ignores the
	// second one.
	w.WriteHeader(http.StatusOK)
	nc, err := h2stream.Accept(inner, r.http, !blocks)
	if err != nil {
		return nil, fmt.Errorf("websocket: upgrade: %w", err)
	}
	return newConn(nc, RoleServer, u.settings, protocol, ext, nil, r), nil
}

// canFlush reports whether w itself can be flushed.
func canFlush(w http.ResponseWriter) bool {
	switch w.(type) {
	case http.Flusher, interface{ FlushError() error }:
		return true
	}
	return false
}

var zeroKey = func() string { key := codec.EncodeKey([16]byte{}); return string(key[:]) }()

// setAcceptance puts into h, which the application has filled, what the response that
// accepts a request says. It judges h as appendAcceptance does.
func setAcceptance(h http.Header, protocol string, ext extension) error {
	for name, values := range h {
		if isAboutBody(name) {
			delete(h, name)
			continue
		}
		for _, value := range values {
			if _, err := appendField(nil, name, value); err != nil {
				delete(h, name) // nor may it go out with the 500
				return err
			}
		}
	}
	if protocol != "" {
		h.Set("Sec-WebSocket-Protocol", protocol)
	}
	if ext.on {
		h.Set("Sec-WebSocket-Extensions", ext.String())
	}
	return nil
}

// awaitStream waits until the stream of c may be given back to net/http, which a
// connection of HTTP/1.1 does not need.
func awaitStream(c *Conn) {
	if stream, ok := c.transport.Conn().(*h2stream.Conn); ok {
		<-stream.Done()
	}
}
