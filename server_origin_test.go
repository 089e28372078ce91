package websocket_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// TestPromise18LookAlikeOriginsAreRefused sends origins that look like one that may connect, and are not.
func TestPromise18LookAlikeOriginsAreRefused(t *testing.T) {
	for _, policy := range []struct {
		name    string
		origins []string
		cases   []originCase
	}{
		{"the server's own host", nil, []originCase{
			{"no browser", "example.com", "", true},
			{"itself", "example.com", "http://example.com", true},
			{"over TLS, which a proxy may end", "example.com", "https://example.com", true},
			{"in other letters", "EXAMPLE.com", "http://exAmple.COM", true},
			{"with the default port", "example.com", "http://example.com:80", true},
			{"with the default port of TLS", "example.com", "https://example.com:443", true},
			{"the Host with the default port", "example.com:80", "http://example.com", true},
			{"with the same port", "example.com:8080", "http://example.com:8080", true},
			{"an address", "127.0.0.1:8080", "http://127.0.0.1:8080", true},
			{"an address of version 6", "[::1]:8080", "http://[::1]:8080", true},
			{"another host", "example.com", "http://evil.com", false},
			{"it at the end", "example.com", "http://evil-example.com", false},
			{"it at the end, without a hyphen", "example.com", "http://evilexample.com", false},
			{"it at the beginning", "example.com", "http://example.com.evil.com", false},
			{"it as a user", "example.com", "http://example.com@evil.com", false},
			{"it as a password", "example.com", "http://user:example.com@evil.com", false},
			{"it in a path", "example.com", "http://evil.com/example.com", false},
			{"it with a path", "example.com", "http://example.com/page", true},
			{"it in a query", "example.com", "http://evil.com?example.com", false},
			{"it in a fragment", "example.com", "http://evil.com#example.com", false},
			{"it behind a backslash", "example.com", `http://evil.com\.example.com`, false},
			{"a host below", "example.com", "http://sub.example.com", false},
			{"a host above", "www.example.com", "http://example.com", false},
			{"another top level", "example.com", "http://example.co", false},
			{"with a dot at the end", "example.com", "http://example.com.", false},
			{"another port", "example.com", "http://example.com:8080", false},
			{"no port where the Host has one", "example.com:8080", "http://example.com", false},
			{"the other scheme's port", "example.com", "http://example.com:443", false},
			{"an empty port", "example.com", "http://example.com:", false},
			{"null", "example.com", "null", false},
			{"null for a host of that name", "null", "null", false},
			{"nothing", "example.com", " ", false},
			{"no scheme", "example.com", "example.com", false},
			{"no scheme but slashes", "example.com", "//example.com", false},
			{"a scheme alone", "example.com", "http://", false},
			{"a file", "example.com", "file://", false},
			{"two", "example.com", "http://example.com http://evil.com", false},
			{"two with a comma", "example.com", "http://example.com,http://evil.com", false},
			{"a space before the host", "example.com", "http:// example.com", false},
			{"the Kelvin sign", "kite.com", "http://\u212Aite.com", false},
			{"the long s", "sun.com", "http://\u017Fun.com", false},
			{"another address", "127.0.0.1", "http://127.0.0.1.evil.com", false},
			{"an address in other digits", "127.0.0.1", "http://0x7f.1", false},
		}},
		{"some more", []string{"https://app.example.org", "https://*.example.net", "http://dev.local:3000"}, []originCase{
			{"listed", "example.com", "https://app.example.org", true},
			{"listed, in other letters", "example.com", "https://APP.example.org", true},
			{"listed, with the default port", "example.com", "https://app.example.org:443", true},
			{"with its port", "example.com", "http://dev.local:3000", true},
			{"below", "example.com", "https://a.example.net", true},
			{"far below", "example.com", "https://a.b.example.net", true},
			{"its own host still", "example.com", "http://example.com", true},
			{"listed, another scheme", "example.com", "http://app.example.org", false},
			{"listed, another port", "example.com", "https://app.example.org:8443", false},
			{"without its port", "example.com", "http://dev.local", false},
			{"below what is listed", "example.com", "https://x.app.example.org", false},
			{"not below, but it", "example.com", "https://example.net", false},
			{"not below, but like it", "example.com", "https://evilexample.net", false},
			{"nothing below", "example.com", "https://.example.net", false},
			{"below on another port", "example.com", "https://a.example.net:444", false},
			{"below, and then not", "example.com", "https://a.example.net.evil.com", false},
			{"the pattern itself", "example.com", "*", false},
		}},
		{"all", []string{"*"}, []originCase{
			{"any", "example.com", "http://evil.com", true},
			{"null", "example.com", "null", true},
		}},
	} {
		t.Run(policy.name, func(t *testing.T) {
			addr := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Origins: policy.origins}})
			for _, tt := range policy.cases {
				t.Run(tt.name, func(t *testing.T) {
					request := goodRequest
					if tt.origin != "" {
						request = plus("Origin: " + tt.origin)
					}
					request = strings.Replace(request, "Host: example.com", "Host: "+tt.host, 1)
					want := 403
					if tt.allowed {
						want = 101
					}
					if resp, body, _ := send(t, addr, request); resp.StatusCode != want {
						t.Errorf("Host %q, Origin %q: response %d %q, want %d", tt.host, tt.origin, resp.StatusCode, body, want)
					}
				})
			}
		})
	}
}

type originCase struct {
	name, host, origin string
	allowed            bool
}

// A panic of OriginFunc refuses its request, and affects no other connection.
func TestPromise25OriginFuncPanicHarmsNoOther(t *testing.T) {
	var log bytes.Buffer
	refused := make(chan error, 1)
	addr := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{
		Logger:     slog.New(slog.NewTextHandler(&log, nil)),
		OriginFunc: func(string, string) bool { panic("no map of tenants") },
		Hooks:      websocket.Hooks{Refused: func(_ *websocket.Request, err error) { refused <- err }},
	}})
	resp, body, _ := send(t, addr, plus("Origin: https://a.example"))
	if err := <-refused; resp.StatusCode != 500 || strings.Contains(body, "tenants") || err == nil || !strings.Contains(log.String(), "no map of tenants") {
		t.Errorf("response: %d %q, Refused got %v, the log has %q, want 500, and the panic in the log only", resp.StatusCode, body, err, &log)
	}
	if resp, body, _ := send(t, addr, goodRequest); resp.StatusCode != 101 {
		t.Errorf("afterwards: %d %q, want 101", resp.StatusCode, body)
	}
}
