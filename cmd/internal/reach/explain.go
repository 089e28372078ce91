package reach

import (
	"bytes"
	"cmp"
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
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// Explain turns an error of connecting to rawURL into one for people, which says what
// to do. ctx is that of the command.
func (f *Flags) Explain(ctx context.Context, rawURL string, err error) error {
	if ctx.Err() != nil {
		return Interrupted{}
	}
	if _, ok := errors.AsType[codec.Misuse](err); ok {
		return UsageError{Err: Plain(err)}
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return f.explainRefusal(refused)
	}
	if advice := advise(rawURL, err); advice != "" {
		return fmt.Errorf("%w\n%s", Plain(err), advice)
	}
	return Plain(err)
}

// Plain is err without the name of the library in front.
func Plain(err error) error { return explained{strings.TrimPrefix(err.Error(), "websocket: "), err} }

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e explained) Error() string { return e.text }
func (e explained) Unwrap() error { return e.err }

// UsageError ends the process with 2.
type UsageError struct{ Err error }

// Error is that of Err.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e UsageError) Unwrap() error { return e.Err }

// ExitCode is that of wrong usage.
func (UsageError) ExitCode() int { return 2 }

// Interrupted ends the process with 130.
type Interrupted struct{ Text string }

// Error returns Text, or "interrupted" if there is none.
func (i Interrupted) Error() string { return cmp.Or(i.Text, "interrupted") }

// ExitCode is that of a process that was interrupted.
func (Interrupted) ExitCode() int { return 130 }

// explainRefusal shows what the server, or the proxy, has answered instead of accepting.
func (f *Flags) explainRefusal(refused *websocket.HandshakeError) error {
	var b strings.Builder
	switch {
	case refused.Proxy != "":
		fmt.Fprintf(&b, "the proxy %s refused the connection: %d %s", Printable(refused.Proxy), refused.Status, Printable(refused.Reason))
	case refused.Status == http.StatusSwitchingProtocols:
		fmt.Fprintf(&b, "the server's answer is no opening handshake: %s", Printable(refused.Reason))
	default:
		fmt.Fprintf(&b, "the server refused the opening handshake: %d %s", refused.Status, Printable(refused.Reason))
	}
	for line := range strings.Lines(begin(refused.Body)) {
		fmt.Fprintf(&b, "\n  %s", strings.TrimRight(line, "\n"))
	}
	if advice := f.adviseRefused(refused); advice != "" {
		fmt.Fprintf(&b, "\n%s", advice)
	}
	return explained{b.String(), refused}
}

// The part of a refusal's body that is shown.
const (
	bodyBytes = 600
	bodyLines = 8
)

// begin returns the first lines of a refusal's body, if that is text.
func begin(body []byte) string {
	whole := strings.ToValidUTF8(string(body), "")
	if len(body)-len(whole) >= utf8.UTFMax { // more than an incomplete last character
		return ""
	}
	text := strings.TrimSpace(Printable(strings.ReplaceAll(whole, "\r\n", "\n")))
	lines := strings.SplitAfter(text, "\n")
	shown := strings.Join(lines[:min(len(lines), bodyLines)], "")
	if len(shown) > bodyBytes {
		shown = strings.ToValidUTF8(shown[:bodyBytes], "")
	}
	if len(shown) < len(text) {
		shown = strings.TrimSpace(shown) + " …"
	}
	return shown
}

func (f *Flags) adviseRefused(refused *websocket.HandshakeError) string {
	switch status := refused.Status; {
	case refused.Proxy != "" && status != http.StatusProxyAuthRequired:
		return "--proxy names another proxy, or none."
	case status == http.StatusUnauthorized:
		return "Sign in with --header 'Authorization: …', or with USER:PASSWORD@ before the host in the URL."
	case status == http.StatusForbidden && f.Origin == "":
		return "If the server accepts only its own pages, give their address with --origin."
	case status == http.StatusForbidden:
		return "If the origin is the reason: the server expects another one than " + f.Origin + "."
	case status == http.StatusNotFound:
		return "Is the path of the URL right?"
	case status == http.StatusProxyAuthRequired:
		return "Sign in to the proxy with --proxy http://USER:PASSWORD@HOST:PORT."
	case status == http.StatusBadRequest && bytes.Contains(refused.Body, []byte("HTTPS")):
		return wantsTLS
	case status/100 == 2:
		return "There is a web server, but no WebSocket at this path."
	case status/100 == 3:
		return "It redirects to " + Printable(refused.Header.Get("Location")) + "."
	}
	return ""
}

const wantsTLS = "The server speaks TLS on this port: begin the URL with wss://."

// advise says what to do about a connection that was not made; "" without advice.
func advise(rawURL string, err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fmt.Sprintf("There is no host %q: is the name written right?", dns.Name)
		}
		return "The name server did not answer: is the network up?"
	}
	if advice := adviseTLS(err); advice != "" {
		return advice
	}
	_, malformed := errors.AsType[codec.Refusal](err)
	secure := strings.HasPrefix(rawURL, "wss") || strings.HasPrefix(rawURL, "https")
	switch {
	case errors.Is(err, errWantsTLS):
		return wantsTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: is the server running, and is the port right?"
	case errors.Is(err, fs.ErrNotExist):
		return "There is no such socket: is the server running, and is the path right?"
	case errors.Is(err, fs.ErrPermission):
		return "The socket exists, but you may not use it."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "There is no route to that host: is the network up?"
	case errors.Is(err, websocket.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return "The server did not answer in time."
	case !secure && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)):
		return "The server closed the connection without an answer: if it wants TLS, begin the URL with wss://."
	case malformed:
		return "That is no answer of a web server."
	}
	return ""
}

func adviseTLS(err error) string {
	const insecure = " --insecure connects nevertheless, without protection from anyone on the way."
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "This machine does not trust the authority that signed the certificate: --cacert names another one." + insecure
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("The certificate is not for %s: --servername names another host.%s", e.Host, insecure)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return "The certificate has expired or is not valid yet, or this machine's clock is wrong." + insecure
		}
		return "The certificate is not valid." + insecure
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The certificate could not be verified." + insecure
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "The server does not speak TLS on this port: begin the URL with ws://."
	}
	if strings.Contains(err.Error(), "tls: certificate required") { // an alert, which crypto/tls has no type for
		return "The server wants a certificate of the client: give one with --cert and --key."
	}
	return ""
}
