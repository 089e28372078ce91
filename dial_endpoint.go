package websocket

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// endpoint is the destination of an opening handshake.
type endpoint struct {
	url  *url.URL      // with the scheme http or https, for proxies and cookie jars
	unix string        // path of the unix socket that replaces the host; "" for none
	user *url.Userinfo // nil for none
}

// scheme describes a scheme that a URL may have.
type scheme struct {
	http string // the HTTP scheme that is equivalent
	unix bool
}

var schemes = map[string]scheme{
	"ws":       {http: "http"},
	"http":     {http: "http"},
	"wss":      {http: "https"},
	"https":    {http: "https"},
	"ws+unix":  {http: "http", unix: true},
	"wss+unix": {http: "https", unix: true},
}

// ErrURL reports a URL that cannot be dialled: it is malformed, has no host, or has a
// scheme that [Dial] does not support. Compare with [errors.Is].
var ErrURL = errors.New("websocket: dial: invalid URL")

// urlError is an ErrURL with the reason.
type urlError struct{ error }

func (e urlError) Is(target error) bool { return target == ErrURL }
func (e urlError) Unwrap() error        { return e.error }

func parseEndpoint(rawURL string) (*endpoint, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		_, authority, _ := strings.Cut(rawURL, "://")
		if end := strings.IndexAny(authority, "/?#"); end >= 0 && strings.Contains(authority[end:], "@") {
			return nil, errSplitUser // err may contain a part of the password, as the port
		}
		return nil, badURL(err)
	}
	if strings.Contains(rawURL, "#") {
		return nil, errors.New("a WebSocket URL has no fragment (RFC 6455 §3)")
	}
	return newEndpoint(u)
}

var errSplitUser = errors.New(`malformed URL: if there is a "/", "?" or "#" in user or password, escape it: %2F, %3F, %23`)

// badURL returns the error of url.Parse without the URL, which may contain a password.
func badURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("malformed URL: %w", err)
}

func newEndpoint(u *url.URL) (*endpoint, error) {
	s, ok := schemes[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("URL with scheme %q: want ws, wss, http, https, ws+unix or wss+unix", u.Scheme)
	}
	e := &endpoint{
		url:  &url.URL{Scheme: s.http, Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: escapeQuery(u.RawQuery)},
		user: u.User,
	}
	if s.unix {
		if err := e.splitSocket(); err != nil {
			return nil, err
		}
	}
	if e.url.Hostname() == "" {
		return nil, errors.New("URL without a host")
	}
	// The codec checks host and target again when it writes the request. They are checked
	// here because proxies get this host, too, and because a redirect's invalid URL must
	// not be reported as a misuse by the caller.
	target := e.url.RequestURI()
	_, err := codec.AppendRequest(nil, codec.RequestParams{Host: e.host(), Target: target, Key: anyKey})
	switch err {
	case nil:
	case codec.MisuseHost:
		return nil, explainHost("host", e.url, err)
	default:
		return nil, fmt.Errorf("path and query of %d bytes: %w", len(target), err)
	}
	if len(e.hostname()) > 255 { // RFC 1035 §2.3.4
		return nil, errors.New("URL with a host name above 255 bytes")
	}
	return e, nil
}

// anyKey is a key for requests that are not sent.
var anyKey = codec.EncodeKey([16]byte{})

// explainHost adds the invalid part of u's host to misuse, the codec's error about that
// host. what names the setting that holds the host.
func explainHost(what string, u *url.URL, misuse error) error {
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port > 65535) {
		return fmt.Errorf("port %q of the %s: %w: want a number up to 65535", u.Port(), what, misuse)
	}
	for _, c := range u.Hostname() {
		if c >= utf8.RuneSelf {
			return fmt.Errorf("%s %q: %w: it is not ASCII: use its xn-- form, which golang.org/x/net/idna computes", what, u.Hostname(), misuse)
		}
	}
	return fmt.Errorf("%s %q: %w", what, u.Host, misuse)
}

// escapeQuery escapes the characters that a query must not contain (RFC 3986 §3.4), as
// url.URL does in a path. A "%" is not escaped.
func escapeQuery(query string) string {
	const legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%[]"
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; strings.IndexByte(legal, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// splitSocket moves the socket from the path of the URL, up to the first colon, to e.unix.
func (e *endpoint) splitSocket() error {
	socket, path, _ := strings.Cut(e.url.EscapedPath(), ":")
	var err error
	if e.unix, err = url.PathUnescape(socket); err != nil {
		return badURL(err)
	}
	if e.url.Host != "" || e.unix == "" || path != "" && path[0] != '/' {
		return errors.New("URL of a unix socket is not of the form ws+unix:///path/to/socket:/path")
	}
	e.url.Host, e.url.RawPath = "localhost", path
	e.url.Path, err = url.PathUnescape(path)
	return err
}

// hostname returns the name or address of the host. It leaves out a zone, which has no
// meaning for the other end (RFC 6874 §4).
func (e *endpoint) hostname() string { return hostnameOf(e.url) }

func hostnameOf(u *url.URL) string {
	host, _, _ := strings.Cut(u.Hostname(), "%")
	return host
}

// host returns the value of the Host header, without the default port (RFC 9110 §4.2.3).
func (e *endpoint) host() string { return hostOf(e.url) }

func hostOf(u *url.URL) string {
	host := hostnameOf(u)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := portOf(u); port != defaultPorts[u.Scheme] {
		host += ":" + port
	}
	return host
}

var defaultPorts = map[string]string{"http": "80", "https": "443", "socks": "1080", "socks5": "1080", "socks5h": "1080"}

func (e *endpoint) port() string { return portOf(e.url) }

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return defaultPorts[u.Scheme]
}

// address returns the network and the address to connect to.
func (e *endpoint) address() (network, addr string) {
	if e.unix != "" {
		return "unix", e.unix
	}
	return "tcp", net.JoinHostPort(e.url.Hostname(), e.port())
}

// String returns the endpoint without the parts of its URL that may be secret.
func (e *endpoint) String() string {
	name := strings.Replace(e.url.Scheme, "http", "ws", 1)
	if e.unix != "" {
		return name + "+unix://" + e.unix
	}
	return name + "://" + e.url.Host
}

// resolve returns the endpoint that a response from e redirects to.
func (e *endpoint) resolve(location string) (*endpoint, error) {
	u, err := e.url.Parse(location)
	if err != nil {
		return nil, badURL(err)
	}
	if schemes[u.Scheme].unix {
		return nil, errors.New("unix socket")
	}
	next, err := newEndpoint(u)
	if err != nil {
		return nil, err
	}
	if e.url.Scheme == "https" && next.url.Scheme == "http" {
		return nil, errors.New("from TLS to none")
	}
	if next.url.Host == e.url.Host {
		next.unix = e.unix
	}
	if next.user == nil && next.sameHost(e) {
		next.user = e.user
	}
	return next, nil
}

// sameHost reports whether secrets for from may be sent to e: host and port are the same,
// or only the scheme has changed, from ws to wss with their default ports.
func (e *endpoint) sameHost(from *endpoint) bool {
	upgraded := e.port() == "443" && e.url.Scheme == "https" && from.port() == "80" && from.url.Scheme == "http"
	return e.unix == from.unix && strings.EqualFold(e.url.Hostname(), from.url.Hostname()) && (e.port() == from.port() || upgraded)
}
