package reconnect

import (
	"errors"
	"net/http"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// Registered close codes without a name in package websocket.
const (
	codeUnauthorized = websocket.StatusCode(3000)
	codeForbidden    = websocket.StatusCode(3003)
)

// Permanent reports whether err, returned by [websocket.Dial] or by reading, would probably
// occur again in another attempt. These errors are permanent:
//   - an opening handshake that was answered with a status other than 5xx, 408, 421, 425
//     and 429, or with 501 or 505;
//   - a response that violates the protocol;
//   - a Close frame with code 1003, 1007, 1008 or 1010: the server rejects the client's data;
//   - a Close frame with the registered code 3000 (unauthorized) or 3003 (forbidden);
//   - a URL that cannot be dialled, invalid options, and a header that must not be sent;
//   - unsupported operations ([errors.ErrUnsupported]), such as dialling on a system without
//     sockets.
//
// All other errors are temporary: errors of the network, of name resolution and of TLS,
// timeouts, connections that this endpoint ended, and other Close frames, such as 1000, and
// 1002, which some proxies send when they restart.
func Permanent(err error) bool {
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return permanentStatus(refused.Status)
	}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Err == nil {
		return permanentCode(closed.Code)
	}
	_, misuse := errors.AsType[codec.Misuse](err)
	return misuse || errors.Is(err, websocket.ErrOptions) || errors.Is(err, websocket.ErrURL) || errors.Is(err, errors.ErrUnsupported)
}

func permanentStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return true
	}
	return status < 500
}

func permanentCode(code websocket.StatusCode) bool {
	switch code {
	case websocket.StatusUnsupportedData, websocket.StatusInvalidPayload,
		websocket.StatusPolicyViolation, codec.StatusMandatoryExtension, codeUnauthorized, codeForbidden:
		return true
	}
	return false
}
