package h2

//lint:file-ignore SA1019 net/http refuses extended CONNECT in its clients, so the deprecated one of x/net is used.

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"github.com/zerowire/websocket"
)

// Mode selects the versions of HTTP that a [Transport] uses.
type Mode uint8

// The modes.
const (
	// Auto uses HTTP/2 for wss where TLS negotiates it (ALPN) and the server has
	// announced that it accepts WebSockets, and HTTP/1.1 otherwise and for ws.
	Auto Mode = iota

	// OnlyHTTP2 always uses HTTP/2. Dial fails with ErrNotSupported if the server has not
	// announced that it accepts WebSockets. For the scheme ws, HTTP/2 is used without TLS
	// and without negotiation (RFC 9113 §3.3).
	OnlyHTTP2

	// OnlyHTTP1 always uses HTTP/1.1.
	OnlyHTTP1
)

// ErrNotSupported reports that a server does not accept WebSockets over HTTP/2: it has not
// sent SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3), or does not support HTTP/2.
var ErrNotSupported = errors.New("h2: the server has not announced WebSockets over HTTP/2: dial with HTTP/1.1")

// errNoHTTP2 reports a URL that cannot be dialed with HTTP/2.
var errNoHTTP2 = errors.New("h2: dial: the URL is malformed, is not of the scheme ws or wss, or has a proxy: use the mode Auto")

// errRefused reports that this build cannot open a stream.
var errRefused = errors.New("h2: net/http of this Go version refuses extended CONNECT: build with -tags http2legacy")

// Transport opens WebSocket connections, and manages the HTTP/2 connections that they share.
// The zero value is valid. Its fields must not change after the first Dial. Its methods may
// be called concurrently.
type Transport struct {
	// Mode selects the version of HTTP. Default: Auto.
	Mode Mode

	// TLSConfig applies to wss. If ServerName is empty, the certificate must match the
	// URL's host. NextProtos is set from Mode. May be nil.
	TLSConfig *tls.Config

	// NetDial opens a TCP connection, instead of a net.Dialer. May be nil.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request, or nil for none, as in
	// [websocket.DialOptions]. A URL with a proxy is dialed with HTTP/1.1; in the mode
	// OnlyHTTP2, Dial fails. Default: [websocket.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)

	// IdleTimeout is the time after which an HTTP/2 connection without streams is closed.
	// Default: 90 s.
	IdleTimeout time.Duration

	// PingInterval is the time without received data after which a PING frame is sent on
	// an HTTP/2 connection. If no answer arrives within 15 s, all its WebSockets fail. A
	// negative value sends no PING. Default: 30 s.
	PingInterval time.Duration

	once  sync.Once
	http2 *http2.Transport

	mu    sync.Mutex
	hosts map[string]*host // by address
}

// Dial is [websocket.Dial] in a stream of HTTP/2, if Mode and the server allow it (RFC 8441).
// The first Dial to a server opens an HTTP/2 connection and waits for its settings. Later and
// concurrent calls share the connection. When it has as many streams as the server allows,
// Dial opens another one. A request that the server has refused to process, because of
// GOAWAY or with REFUSED_STREAM (RFC 9113 §8.7), is sent again, at most twice.
//
// opts may be nil. Its TLSConfig, NetDial and Proxy must not be set, because connections are
// shared: set the fields of the Transport. Redirects are followed over HTTP/1.1. Accepted, Wrap
// and the hooks of package net/http/httptrace observe the opening handshake in its HTTP/1.1
// form, also over HTTP/2. The hooks for TLS are called over HTTP/1.1 only.
func (t *Transport) Dial(ctx context.Context, rawURL string, opts *websocket.DialOptions) (*websocket.Conn, error) {
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	if o.TLSConfig != nil || o.NetDial != nil || o.Proxy != nil {
		return nil, errors.New("h2: dial: TLSConfig, NetDial or Proxy in DialOptions: set those of the Transport")
	}
	t.once.Do(t.init)
	plain := o
	plain.TLSConfig, plain.NetDial, plain.Proxy = t.TLSConfig, t.NetDial, t.Proxy
	secure, ok := t.eligible(rawURL)
	if !ok {
		switch {
		case t.Mode != OnlyHTTP2:
			return websocket.Dial(ctx, rawURL, &plain)
		case refused:
			return nil, errRefused
		}
		return nil, errNoHTTP2
	}
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	o.NetDial = func(ctx context.Context, _, addr string) (net.Conn, error) {
		return t.connect(ctx, addr, secure)
	}
	o.MaxRedirects = -1
	c, err := dialStream(ctx, rawURL, &o)
	if t.Mode == OnlyHTTP2 {
		return c, err
	}
	if errors.Is(err, ErrNotSupported) || redirects(err) && plain.MaxRedirects >= 0 {
		return websocket.Dial(ctx, rawURL, &plain)
	}
	return c, err
}

// maxAttempts limits how often Dial sends its request over HTTP/2.
const maxAttempts = 3

// dialStream is websocket.Dial in a stream. If the server has not processed the request,
// dialStream repeats it in another stream.
func dialStream(ctx context.Context, rawURL string, o *websocket.DialOptions) (c *websocket.Conn, err error) {
	for range maxAttempts {
		if c, err = websocket.Dial(ctx, rawURL, o); !errors.Is(err, errNotProcessed) {
			break
		}
	}
	return c, err
}

func (t *Transport) init() {
	t.hosts = map[string]*host{}
	t.http2 = &http2.Transport{
		AllowHTTP:          true,
		DisableCompression: true, // compression would decode the server's frames
		IdleConnTimeout:    t.IdleTimeout,
		ReadIdleTimeout:    t.PingInterval,
		PingTimeout:        15 * time.Second,
	}
	if t.IdleTimeout == 0 {
		t.http2.IdleConnTimeout = 90 * time.Second
	}
	if t.PingInterval == 0 {
		t.http2.ReadIdleTimeout = 30 * time.Second
	}
	t.http2.ReadIdleTimeout = max(0, t.http2.ReadIdleTimeout)
}

// eligible reports whether to try HTTP/2 for a URL, and whether with TLS. It does not report
// invalid URLs: websocket.Dial does.
func (t *Transport) eligible(rawURL string) (secure, ok bool) {
	u, err := url.Parse(rawURL)
	if err != nil || t.Mode == OnlyHTTP1 || refused {
		return false, false
	}
	r := &http.Request{Method: http.MethodGet, Header: http.Header{}, URL: &url.URL{Scheme: "https", Host: u.Host, Path: u.Path, RawQuery: u.RawQuery}}
	switch u.Scheme {
	case "wss", "https":
		secure = true
	case "ws", "http":
		if t.Mode != OnlyHTTP2 {
			return false, false
		}
		r.URL.Scheme = "http"
	default:
		return false, false
	}
	proxy := t.Proxy
	if proxy == nil {
		proxy = websocket.ProxyFromEnvironment
	}
	via, err := proxy(r)
	return secure, err == nil && via == nil
}

// redirects reports whether err is a redirect.
func redirects(err error) bool {
	e, ok := errors.AsType[*websocket.HandshakeError](err)
	return ok && e.Status/100 == 3 && e.Header.Get("Location") != ""
}

// CloseIdle closes the HTTP/2 connections without open WebSockets.
func (t *Transport) CloseIdle() {
	t.once.Do(t.init)
	for _, s := range t.sessions() {
		if state := s.conn.State(); state.StreamsActive+state.StreamsReserved+state.StreamsPending == 0 {
			s.conn.Close()
		}
	}
}

// Close closes all HTTP/2 connections immediately. Their WebSockets end without a closing
// handshake. WebSockets over HTTP/1.1 stay open.
func (t *Transport) Close() error {
	t.once.Do(t.init)
	for _, s := range t.sessions() {
		s.conn.Close()
	}
	return nil
}
