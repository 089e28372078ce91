package websocket

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// appendFields adds the fields of h to the 101 in dst.
func appendFields(dst []byte, h http.Header) (_ []byte, err error) {
	if len(h) == 0 {
		return dst, nil
	}
	dst = dst[:len(dst)-len("\r\n")]
	for name, values := range h {
		if isAboutBody(name) {
			continue
		}
		for _, value := range values {
			if dst, err = appendField(dst, name, value); err != nil {
				delete(h, name) // it must not be sent with the 500 either
				return dst, err
			}
		}
	}
	return append(dst, "\r\n"...), nil
}

// isAboutBody reports whether a field describes a body (RFC 9110 §8) or the connection. It
// is not sent with a 101, which has no body and ends HTTP on the connection.
func isAboutBody(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Upgrade", "Keep-Alive", "Transfer-Encoding", "Trailer",
		"Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
		"Content-Range", "Content-Disposition", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest",
		"Accept-Ranges", "Etag", "Last-Modified":
		return true
	}
	return false
}

// appendField appends a header line of the application to a 101.
func appendField(dst []byte, name, value string) ([]byte, error) {
	const reserved = "sec-websocket-"
	switch {
	case !codec.IsToken(name) || strings.ContainsFunc(value, isControl):
		return dst, fmt.Errorf("header %q: %w", name, codec.MisuseHeader)
	case len(name) >= len(reserved) && strings.EqualFold(name[:len(reserved)], reserved):
		return dst, fmt.Errorf("header %q: %w: use Options", name, codec.MisuseReserved)
	}
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...), nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F }
