package codec

// StatusCode is the status code of a Close frame (RFC 6455 §7.4).
type StatusCode uint16

// The status codes of RFC 6455 §7.4.1 and of IANA's registry (RFC 6455 §11.7).
const (
	StatusNormalClosure      StatusCode = 1000 // the purpose of the connection is fulfilled
	StatusGoingAway          StatusCode = 1001 // a server shuts down, or a browser leaves the page
	StatusProtocolError      StatusCode = 1002 // the peer violated the protocol
	StatusUnsupportedData    StatusCode = 1003 // a type of data that the endpoint cannot accept
	StatusNoStatusReceived   StatusCode = 1005 // never sent: the Close frame had no status code
	StatusAbnormalClosure    StatusCode = 1006 // never sent: the connection ended without a Close frame
	StatusInvalidPayload     StatusCode = 1007 // data not consistent with its type: text that is not UTF-8
	StatusPolicyViolation    StatusCode = 1008 // a message that the endpoint's policy refuses
	StatusMessageTooBig      StatusCode = 1009 // a message that is too big to process
	StatusMandatoryExtension StatusCode = 1010 // a client expected an extension that the server did not agree to
	StatusInternalError      StatusCode = 1011 // the server met a condition that it did not expect
	StatusServiceRestart     StatusCode = 1012 // the service restarts: reconnect after a random delay
	StatusTryAgainLater      StatusCode = 1013 // the service is overloaded
	StatusBadGateway         StatusCode = 1014 // a gateway received an invalid response from upstream
	StatusTLSHandshake       StatusCode = 1015 // never sent: the TLS handshake failed
)

// Sendable reports whether c may be sent in a Close frame: 1000–1003 and 1007–1014 of
// the registry, and 3000–4999 for libraries and applications.
//
// "1005 is a reserved value and MUST NOT be set as a status code in a Close control
// frame by an endpoint" RFC 6455 §7.4.1; likewise 1006 and 1015.
func (c StatusCode) Sendable() bool {
	return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
}

// String returns the name of c in the RFC, in lower case, or "unregistered".
func (c StatusCode) String() string {
	if c >= 1000 && int(c-1000) < len(statusNames) && statusNames[c-1000] != "" {
		return statusNames[c-1000]
	}
	return "unregistered"
}

var statusNames = [...]string{
	StatusNormalClosure - 1000:      "normal closure",
	StatusGoingAway - 1000:          "going away",
	StatusProtocolError - 1000:      "protocol error",
	StatusUnsupportedData - 1000:    "unsupported data",
	StatusNoStatusReceived - 1000:   "no status received",
	StatusAbnormalClosure - 1000:    "abnormal closure",
	StatusInvalidPayload - 1000:     "invalid payload data",
	StatusPolicyViolation - 1000:    "policy violation",
	StatusMessageTooBig - 1000:      "message too big",
	StatusMandatoryExtension - 1000: "mandatory extension",
	StatusInternalError - 1000:      "internal error",
	StatusServiceRestart - 1000:     "service restart",
	StatusTryAgainLater - 1000:      "try again later",
	StatusBadGateway - 1000:         "bad gateway",
	StatusTLSHandshake - 1000:       "tls handshake",
}
