package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// handshakeError converts err to the HandshakeError that is sent: that of Route, or one
// with the status of a codec.Refusal, or one with status 500 for all other errors.
func handshakeError(err error) *HandshakeError {
	if refused, ok := errors.AsType[*HandshakeError](err); ok && refused.Status >= 400 && refused.Status <= 599 {
		sent := *refused
		sent.Reason, _, _ = strings.Cut(refused.Reason, "\n")
		return &sent
	}
	if refusal, ok := errors.AsType[codec.Refusal](err); ok {
		return &HandshakeError{Status: refusal.HTTPStatus(), Reason: reason(refusal) + advice(refusal), cause: refusal}
	}
	return &HandshakeError{Status: http.StatusInternalServerError, Reason: http.StatusText(http.StatusInternalServerError), cause: err}
}

// reason returns the text that is sent to the client.
func reason(refusal codec.Refusal) string { return strings.TrimPrefix(refusal.Error(), "codec: ") }

// advice returns what a client has to do after a refusal whose reason does not contain that.
func advice(refusal codec.Refusal) string {
	switch refusal {
	case codec.ErrUpgrade:
		return ": connect with a WebSocket client, and have proxies pass on Upgrade and Connection"
	case codec.ErrConnection:
		return ": have proxies pass on Upgrade and Connection"
	}
	return ""
}

// refuseHTTP refuses a request because of err, and returns the HandshakeError that it has
// sent.
func refuseHTTP(w http.ResponseWriter, r *http.Request, err error) error {
	refused := handshakeError(err)
	writeRefusal(w, r, refused)
	return refused
}

// writeRefusal answers a refused request through net/http, as appendRefusal does without
// it. net/http then closes the connection, because frames may follow the request.
func writeRefusal(w http.ResponseWriter, r *http.Request, refused *HandshakeError) {
	h := w.Header()
	status := refused.Status
	if r.ProtoMajor == 1 { // an HTTP/2 connection may have other requests
		h["Connection"] = []string{"close"}
	}
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		h.Set("Sec-WebSocket-Version", "13")
		if r.ProtoMajor != 1 {
			status = http.StatusBadRequest // 426 needs the field Upgrade, which HTTP/2 forbids (RFC 9113 §8.2.2)
			break
		}
		h.Set("Upgrade", "websocket")
		h.Add("Connection", "Upgrade") // after "close", because http.Server only checks the first line
	}
	http.Error(w, refused.Reason, status)
}

// appendRefusal appends the response that refuses a request. A response to HEAD has no body
// (RFC 9110 §9.3.2).
func appendRefusal(dst []byte, refused *HandshakeError, head bool) []byte {
	fields := "Connection: close"
	switch refused.Status {
	case http.StatusMethodNotAllowed:
		fields = "Allow: GET\r\nConnection: close"
	case http.StatusUpgradeRequired:
		fields = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close"
	}
	dst = fmt.Appendf(dst, "HTTP/1.1 %d %s\r\n%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
		refused.Status, http.StatusText(refused.Status), fields, len(refused.Reason)+1)
	if head {
		return dst
	}
	return append(append(dst, refused.Reason...), '\n')
}

// fail answers a valid request with 500, because of an error in this program, and returns
// err.
func fail(w http.ResponseWriter, r *http.Request, err error) error {
	const status = http.StatusInternalServerError
	writeRefusal(w, r, &HandshakeError{Status: status, Reason: http.StatusText(status)})
	return fmt.Errorf("websocket: upgrade: %w", err)
}

// WriteRefusal answers a request that is no opening handshake, for handlers that serve
// only WebSocket connections. The status is 405 if the method is not GET, 400 if the
// version is not HTTP/1.1, and otherwise 426 with the protocol and its version (RFC 6455
// §4.4, RFC 9110 §15.5.22). The body describes what to do.
func WriteRefusal(w http.ResponseWriter, r *http.Request) {
	refusal := codec.ErrUpgrade
	switch {
	case r.Method != http.MethodGet:
		refusal = codec.ErrMethod
	case r.ProtoMajor > 1:
		refusal = codec.ErrHTTPMajor
	case !r.ProtoAtLeast(1, 1):
		refusal = codec.ErrHTTP10
	}
	writeRefusal(w, r, handshakeError(refusal))
}
