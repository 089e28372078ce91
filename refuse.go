package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// handshakeError returns why a request was refused with err, fit to be sent: a
// codec.Refusal with its status, what Route has returned, and 500 for everything else.
func handshakeError(err error) *HandshakeError {
	if refused, ok := errors.AsType[*HandshakeError](err); ok && refused.Status >= 400 && refused.Status <= 599 {
		sent := *refused
		sent.Reason, _, _ = strings.Cut(refused.Reason, "\n")
		return &sent
	}
	if refusal, ok := errors.AsType[codec.Refusal](err); ok {
		return &HandshakeError{Status: refusal.HTTPStatus(), Reason: reason(refusal), cause: refusal}
	}
	return &HandshakeError{Status: http.StatusInternalServerError, Reason: http.StatusText(http.StatusInternalServerError), cause: err}
}

// reason is the text for the other end.
func reason(refusal codec.Refusal) string { return strings.TrimPrefix(refusal.Error(), "codec: ") }

// refuseHTTP answers a request that is refused because of err, and returns the
// error for it.
func refuseHTTP(w http.ResponseWriter, r *http.Request, err error) error {
	refused := handshakeError(err)
	writeRefusal(w, r, refused)
	return refused
}

// writeRefusal answers a request that is refused, as appendRefusal does,
// and has its connection closed: what follows it may be frames.
func writeRefusal(w http.ResponseWriter, r *http.Request, refused *HandshakeError) {
	h := w.Header()
	status := refused.Status
	if r.ProtoMajor == 1 { // in HTTP/2 the connection has other requests
		h["Connection"] = []string{"close"}
	}
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		h.Set("Sec-WebSocket-Version", "13")
		if r.ProtoMajor != 1 {
			status = http.StatusBadRequest // 426 needs the field Upgrade, which HTTP/2 has not (RFC 9113 §8.2.2)
			break
		}
		h.Set("Upgrade", "websocket")
		h.Add("Connection", "Upgrade") // behind "close": http.Server minds the first line only
	}
	http.Error(w, refused.Reason, status)
}

// appendRefusal appends the response that refuses a request.
func appendRefusal(dst []byte, refused *HandshakeError) []byte {
	fields := "Connection: close"
	switch refused.Status {
	case http.StatusMethodNotAllowed:
		fields = "Allow: GET\r\nConnection: close"
	case http.StatusUpgradeRequired:
		fields = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close"
	}
	return fmt.Appendf(dst, "HTTP/1.1 %d %s\r\n%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n",
		refused.Status, http.StatusText(refused.Status), fields, len(refused.Reason)+1, refused.Reason)
}

// fail answers a request that would be correct with 500, and returns err: the
// fault is in this program.
func fail(w http.ResponseWriter, r *http.Request, err error) error {
	const status = http.StatusInternalServerError
	writeRefusal(w, r, &HandshakeError{Status: status, Reason: http.StatusText(status)})
	return fmt.Errorf("websocket: upgrade: %w", err)
}

// WriteRefusal answers a request that is no opening handshake, at a place where
// only those are served: 405 if it is no GET, 400 if it is not HTTP/1.1, else 426 with the
// protocol and its version (RFC 6455 §4.4, RFC 9110 §15.5.22). The body says what to do. It
// is for handlers beside a Server.
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
