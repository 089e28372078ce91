package codec

import "testing"

// The ranges of RFC 6455 §7.4.2 and the codes of §7.4.1 and of the registry.
func TestStatusCodeSendable(t *testing.T) {
	for _, tt := range []struct {
		name        string
		first, last int
		want        bool
	}{
		{"not used", 0, 999, false},
		{"defined by the RFC", 1000, 1003, true},
		{"reserved, never sent", 1004, 1006, false},
		{"defined by the RFC and the registry", 1007, 1014, true},
		{"TLS handshake, never sent", 1015, 1015, false},
		{"not assigned", 1016, 2999, false},
		{"libraries and frameworks", 3000, 3999, true},
		{"private use", 4000, 4999, true},
		{"beyond every range", 5000, 65535, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for code := tt.first; code <= tt.last; code++ {
				if got := StatusCode(code).Sendable(); got != tt.want {
					t.Errorf("StatusCode(%d).Sendable() = %v, want %v", code, got, tt.want)
				}
			}
		})
	}
}

func TestStatusCodeString(t *testing.T) {
	for _, tt := range []struct {
		code StatusCode
		want string
	}{
		{0, "unregistered"},
		{999, "unregistered"},
		{StatusNormalClosure, "normal closure"},
		{StatusGoingAway, "going away"},
		{StatusProtocolError, "protocol error"},
		{StatusUnsupportedData, "unsupported data"},
		{1004, "unregistered"},
		{StatusNoStatusReceived, "no status received"},
		{StatusAbnormalClosure, "abnormal closure"},
		{StatusInvalidPayload, "invalid payload data"},
		{StatusPolicyViolation, "policy violation"},
		{StatusMessageTooBig, "message too big"},
		{StatusMandatoryExtension, "mandatory extension"},
		{StatusInternalError, "internal error"},
		{StatusServiceRestart, "service restart"},
		{StatusTryAgainLater, "try again later"},
		{StatusBadGateway, "bad gateway"},
		{StatusTLSHandshake, "tls handshake"},
		{1016, "unregistered"},
		{3000, "unregistered"},
		{65535, "unregistered"},
	} {
		if got := tt.code.String(); got != tt.want {
			t.Errorf("StatusCode(%d).String() = %q, want %q", tt.code, got, tt.want)
		}
	}
}
