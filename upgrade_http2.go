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

// isExtendedConnect reports whether hr is an extended CONNECT, which asks for a tunnel in
// a stream of HTTP/2 (RFC 8441 §4). net/http accepts such requests only if it has
// announced support for them.
func isExtendedConnect(hr *http.Request) bool {
	return hr.ProtoMajor == 2 && hr.Method == http.MethodConnect && len(hr.Header[protocolField]) > 0
}

// errProtocol refuses an extended CONNECT for another protocol (RFC 9220 §3).
var errProtocol = &HandshakeError{Status: http.StatusNotImplemented, Reason: "the :protocol is not websocket"}

// isWebSocket reports whether an extended CONNECT asks for WebSocket.
func isWebSocket(hr *http.Request) bool {
	return strings.EqualFold(hr.Header.Get(protocolField), "websocket")
}

// acceptHTTP2 answers r, an extended CONNECT, with 200 and takes ownership of its stream.
// blocks reports that the caller returns to net/http only after the stream is done. Other
// callers may close the Conn and return immediately.
func (u *upgrader) acceptHTTP2(w http.ResponseWriter, r *Request, protocol string, ext extension, blocks bool) (*Conn, error) {
	// Messages are sent to the innermost ResponseWriter, so that no middleware changes or
	// buffers them as a body.
	inner := innermost(w)
	if !canFlush(inner) {
		return nil, fail(w, r.http, fmt.Errorf("%w: %T cannot be flushed: a middleware that wraps the ResponseWriter needs a method Unwrap", http.ErrNotSupported, inner))
	}
	if err := setAcceptance(w.Header(), protocol, ext); err != nil {
		return nil, fail(w, r.http, err)
	}
	if keys := r.http.Header["Sec-Websocket-Key"]; len(keys) == 1 && len(keys[0]) == len(zeroKey) {
		// HTTP/2 has no key (RFC 8441 §5), but undici sends one and requires the answer.
		accept := codec.AcceptKey([]byte(keys[0]))
		w.Header().Set("Sec-WebSocket-Accept", string(accept[:]))
	}
	// The outermost ResponseWriter, so that middlewares log the status. net/http ignores a
	// second call.
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

// setAcceptance adds the fields of the response that accepts a request to h, which the
// application has filled. It checks h as appendFields does.
func setAcceptance(h http.Header, protocol string, ext extension) error {
	for name, values := range h {
		if isAboutBody(name) {
			delete(h, name)
			continue
		}
		for _, value := range values {
			if _, err := appendField(nil, name, value); err != nil {
				delete(h, name) // it must not be sent with the 500 either
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

// awaitStream waits until the HTTP/2 stream of c is no longer used, so that its handler
// may return to net/http. It does nothing for a connection of HTTP/1.1.
func awaitStream(c *Conn) {
	if stream, ok := c.transport.Conn().(*h2stream.Conn); ok {
		<-stream.Done()
	}
}
