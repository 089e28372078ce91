package connect

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
	"net/url"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// explain makes an error for people, which says what to do, of one of Dial's.
func (c *Command) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return interrupted{}
	}
	if _, ok := errors.AsType[codec.Misuse](err); ok {
		return usageError{plain(err)}
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return c.explainRefusal(refused)
	}
	if advice := c.advise(err); advice != "" {
		return fmt.Errorf("%w\n%s", plain(err), advice)
	}
	return plain(err)
}

// plain is err without the name of the library in front.
func plain(err error) error { return plainError{err} }

type plainError struct{ error }

func (e plainError) Error() string { return strings.TrimPrefix(e.error.Error(), "websocket: ") }
func (e plainError) Unwrap() error { return e.error }

// explainRefusal shows what the server has answered instead of accepting.
func (c *Command) explainRefusal(refused *websocket.HandshakeError) error {
	var b strings.Builder
	if refused.Status == http.StatusSwitchingProtocols {
		fmt.Fprintf(&b, "the server's answer is no opening handshake: %s", printable(refused.Reason))
	} else {
		fmt.Fprintf(&b, "the server refused the opening handshake: %d %s", refused.Status, printable(refused.Reason))
	}
	for line := range strings.Lines(begin(refused.Body)) {
		fmt.Fprintf(&b, "\n  %s", strings.TrimRight(line, "\r\n"))
	}
	if advice := c.adviseRefused(refused); advice != "" {
		fmt.Fprintf(&b, "\n%s", advice)
	}
	return errors.New(b.String())
}

// The part of a refusal's body that is shown.
const (
	bodyBytes = 600
	bodyLines = 8
)

// begin returns the first lines of a refusal's body, if that is text.
func begin(body []byte) string {
	whole := strings.ToValidUTF8(string(body), "")
	if len(body)-len(whole) >= utf8.UTFMax { // more than a last character that was cut
		return ""
	}
	text := strings.TrimSpace(printable(whole))
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

func (c *Command) adviseRefused(refused *websocket.HandshakeError) string {
	switch status := refused.Status; {
	case status == http.StatusUnauthorized:
		return "Sign in with --header 'Authorization: …', or with USER:PASSWORD@ before the host in the URL."
	case status == http.StatusForbidden && c.Origin == "":
		return "If the server wants its own pages only, say --origin with its address."
	case status == http.StatusForbidden:
		return "If it is the origin: the server wants another one than " + c.Origin + "."
	case status == http.StatusNotFound:
		return "Is the path of the URL right?"
	case status == http.StatusProxyAuthRequired:
		return "Sign in to the proxy with --proxy http://USER:PASSWORD@HOST:PORT."
	case status/100 == 2:
		return "There is a web server, but no WebSocket at this path."
	case status/100 == 3:
		return "It redirects to " + printable(refused.Header.Get("Location")) + "."
	}
	return ""
}

// advise says what to do about a connection that was not made; "" if nobody knows.
func (c *Command) advise(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fmt.Sprintf("Nobody knows a host of the name %q: is it written right?", dns.Name)
		}
		return "The name server did not help: is the network up?"
	}
	if advice := adviseTLS(err); advice != "" {
		return advice
	}
	secure := strings.HasPrefix(c.URL, "wss") || strings.HasPrefix(c.URL, "https")
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: is the server running, and is the port right?"
	case errors.Is(err, fs.ErrNotExist):
		return "There is no such socket: is the server running, and is the path right?"
	case errors.Is(err, fs.ErrPermission):
		return "The socket is there, but you may not use it."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "There is no way to that host: is the network up?"
	case errors.Is(err, websocket.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return "The server did not answer in time."
	case !secure && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)), !secure && isRefusal(err):
		return "That is no answer of a web server: does it want TLS? Then the URL begins with wss://."
	case isRefusal(err):
		return "That is no answer of a web server."
	}
	return ""
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[codec.Refusal](err)
	return ok
}

func adviseTLS(err error) string {
	const insecure = " --insecure connects nevertheless, and protects from nobody who is in between."
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "Nobody whom this machine trusts vouches for the certificate; if it is your own server," + insecure
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("The certificate is not for %s.%s", e.Host, insecure)
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
		return "The server does not speak TLS: does the URL begin with ws://?"
	}
	return ""
}

// withoutPassword returns raw as it may be shown.
func withoutPassword(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Redacted()
}
