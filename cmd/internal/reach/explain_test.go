package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func TestExplain(t *testing.T) {
	dial := func(err error) error { return fmt.Errorf("websocket: dial ws://host: %w", err) }
	refused := func(status int, reason, body string) error {
		return &websocket.HandshakeError{Status: status, Reason: reason, Header: http.Header{"Location": {"https://other.example/"}}, Body: []byte(body)}
	}
	byProxy := func(status int, reason string) error {
		return &websocket.HandshakeError{Status: status, Reason: reason, Proxy: "http://proxy:3128"}
	}
	for _, tt := range []struct {
		name string
		err  error
		want string // in the text
	}{
		{"unknown host", dial(&net.DNSError{Name: "host", IsNotFound: true}), `There is no host "host"`},
		{"no name server", dial(&net.DNSError{Name: "host", IsTimeout: true}), "The name server did not answer"},
		{"nobody listens", dial(&net.OpError{Err: syscall.ECONNREFUSED}), "Nothing listens there"},
		{"no way", dial(syscall.EHOSTUNREACH), "There is no route to that host"},
		{"no socket", dial(fs.ErrNotExist), "There is no such socket"},
		{"forbidden socket", dial(fs.ErrPermission), "you may not use it"},
		{"time limit", dial(websocket.ErrTimeout), "did not answer in time"},
		{"no answer", dial(io.ErrUnexpectedEOF), "if it wants TLS, begin the URL with wss://"},
		{"no HTTP", dial(codec.ErrStatusLine), "That is no answer of a web server."},
		{"TLS", dial(errWantsTLS), "begin the URL with wss://"},
		{"unknown authority", dial(x509.UnknownAuthorityError{}), "--insecure"},
		{"other host's certificate", dial(x509.HostnameError{Host: "host", Certificate: new(x509.Certificate)}), "The certificate is not for host: --servername"},
		{"expired certificate", dial(x509.CertificateInvalidError{Reason: x509.Expired, Cert: new(x509.Certificate)}), "has expired"},
		{"certificate for something else", dial(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage, Cert: new(x509.Certificate)}), "The certificate is not valid."},
		{"certificate", dial(&tls.CertificateVerificationError{Err: errors.New("why")}), "could not be verified"},
		{"no TLS", dial(tls.RecordHeaderError{Msg: "why"}), "does not speak TLS"},
		{"something else", dial(errors.New("why")), "dial ws://host: why"},
		{"client certificate", dial(errors.New("remote error: tls: certificate required")), "--cert and --key"},
		{"plain HTTP on a TLS port", refused(400, "Bad Request", "The plain HTTP request was sent to HTTPS port"), "begin the URL with wss://"},
		{"body with CRLF", refused(500, "Oh", "one\r\ntwo\r\n"), "500 Oh\n  one\n  two"},
		{"401", refused(401, "Unauthorized", ""), "Sign in with --header"},
		{"403", refused(403, "Forbidden", ""), "give their address with --origin"},
		{"404", refused(404, "Not Found", "no such page"), "404 Not Found\n  no such page\nIs the path of the URL right?"},
		{"407", refused(407, "Proxy Authentication Required", ""), "Sign in to the proxy"},
		{"407 of a proxy", byProxy(407, "Proxy Authentication Required"), "the proxy http://proxy:3128 refused the connection: 407 Proxy Authentication Required\nSign in to the proxy"},
		{"403 of a proxy", byProxy(403, "Forbidden"), "the proxy http://proxy:3128 refused the connection: 403 Forbidden\n--proxy names another"},
		{"302 of a proxy", byProxy(302, "Found"), "302 Found\n--proxy names another"},
		{"200", refused(200, "OK", "<html>\n<p>Hi"), "200 OK\n  <html>\n  <p>Hi\nThere is a web server"},
		{"302", refused(302, "Found", ""), "It redirects to https://other.example/."},
		{"500", refused(500, "Oh", "\x1b[2J"), "500 Oh\n  \\u001b[2J"},
		{"101 that is none", refused(101, "wrong key", ""), "the server's answer is no opening handshake: wrong key"},
		{"body that is no text", refused(500, "Oh", "\xff\xfe\xff\xfe\xff\xfe"), "500 Oh"},
		{"body that was cut in a character", refused(500, "Oh", "schön\xc3"), "500 Oh\n  schön"},
		{"long body", refused(500, "Oh", strings.Repeat("long ", 800)), "long long …"},
		{"long body of lines", refused(500, "Oh", lines(30)), "\n  line 8 …"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := new(Flags).Explain(t.Context(), "ws://host", tt.err)
			if !strings.Contains(got.Error(), tt.want) || strings.HasPrefix(got.Error(), "websocket: ") {
				t.Errorf("Explain(%v) = %q, want %q in it", tt.err, got, tt.want)
			}
			if len(got.Error()) > 2*bodyBytes {
				t.Errorf("Explain(%v) has %d bytes", tt.err, len(got.Error()))
			}
		})
	}
}

func TestExplainExitCodes(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"misuse", t.Context(), fmt.Errorf("websocket: dial: %w", codec.MisuseHost), 2},
		{"signal", ended, context.Canceled, 130},
	} {
		got := new(Flags).Explain(tt.ctx, "ws://host", tt.err)
		if e, ok := got.(interface{ ExitCode() int }); !ok || e.ExitCode() != tt.want {
			t.Errorf("%s: Explain(%v) = %v, want exit code %d", tt.name, tt.err, got, tt.want)
		}
	}
}

// lines returns n lines of text.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
