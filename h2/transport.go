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

// Mode is the choice of a Transport between the versions of HTTP.
type Mode uint8

// The modes.
const (
	// Auto uses HTTP/2 for wss where TLS negotiates it (ALPN) and the server has
	// announced that it accepts WebSockets, and HTTP/1.1 otherwise and for ws.
	Auto Mode = iota

	// OnlyHTTP2 uses nothing but HTTP/2: a server that has not announced that it
	// accepts WebSockets makes Dial fail with ErrNotSupported. A URL with the scheme ws
	// is dialed with HTTP/2 without TLS and without negotiation (RFC 9113 §3.3).
	OnlyHTTP2

	// OnlyHTTP1 uses nothing but HTTP/1.1.
	OnlyHTTP1
)

// ErrNotSupported reports that a server does not accept WebSockets over HTTP/2: it has not
// sent SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3), or does not speak HTTP/2.
var ErrNotSupported = errors.New("h2: the server has not announced WebSockets over HTTP/2: dial with HTTP/1.1")

// errNoHTTP2 reports a URL that is not dialed with HTTP/2.
var errNoHTTP2 = errors.New("h2: dial: the URL is malformed, is not of the scheme ws or wss, or has a proxy: use the mode Auto")

// errRefused reports that this build cannot open a stream.
var errRefused = errors.New("h2: net/http of this Go version refuses extended CONNECT: build with -tags http2legacy")

// Transport opens WebSocket connections and keeps the HTTP/2 connections that they
// share. The zero value works. Its fields must not change after the first Dial; its
// methods may be called concurrently.
type Transport struct {
	// Mode chooses the version of HTTP. Default Auto.
	Mode Mode

	// TLSConfig is for wss. Without a ServerName the URL's host is verified. NextProtos
	// is chosen by Mode. May be nil.
	TLSConfig *tls.Config

	// NetDial opens a TCP connection, in place of net.Dialer. May be nil.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request, nil for none, as that of
	// websocket.DialOptions. A URL that has one is dialed with HTTP/1.1, in the mode
	// OnlyHTTP2 not at all. Default websocket.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// IdleTimeout is how long an HTTP/2 connection without streams is kept. Default 90 s.
	IdleTimeout time.Duration

	// PingInterval is how long nothing has to be received on an HTTP/2 connection before
	// a PING frame is sent; without an answer in another 15 s all its WebSockets fail.
	// Default 30 s; negative sends none.
	PingInterval time.Duration

	once  sync.Once
	http2 *http2.Transport

	mu    sync.Mutex
	hosts map[string]*host // by address
}

// Dial is websocket.Dial, in a stream of HTTP/2 where Mode and the server allow it. The
// first Dial to a server opens an HTTP/2 connection and waits for its settings; later and
// concurrent ones share it, up to as many streams as the server allows, and then open
// another.
//
// opts may be nil. Its TLSConfig, NetDial and Proxy must not be set, since they belong to
// connections that others share: they are those of the Transport. A response that
// redirects is followed over HTTP/1.1. Options.Accepted is given the header of the response
// as HTTP/1.1 would have it, and Wrap sees the opening handshake of HTTP/1.1 that stands
// for the one that is sent; so do the hooks of package net/http/httptrace. Those for TLS are
// called over HTTP/1.1 only.
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
	if o.MaxRedirects = -1; t.Mode == OnlyHTTP2 {
		return websocket.Dial(ctx, rawURL, &o)
	}
	c, err := websocket.Dial(ctx, rawURL, &o)
	if errors.Is(err, ErrNotSupported) || redirects(err) && plain.MaxRedirects >= 0 {
		return websocket.Dial(ctx, rawURL, &plain)
	}
	return c, err
}

func (t *Transport) init() {
	t.hosts = map[string]*host{}
	t.http2 = &http2.Transport{
		AllowHTTP:          true,
		DisableCompression: true, // it would decode what the server sends
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

// eligible reports whether HTTP/2 is to be tried for a URL, and with TLS or without.
// What is wrong with a URL is for websocket.Dial to say.
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

// redirects reports whether err is a response that redirects.
func redirects(err error) bool {
	e, ok := errors.AsType[*websocket.HandshakeError](err)
	return ok && e.Status/100 == 3 && e.Header.Get("Location") != ""
}

// CloseIdle closes the HTTP/2 connections on which no WebSocket is open.
func (t *Transport) CloseIdle() {
	t.once.Do(t.init)
	for _, s := range t.sessions() {
		if state := s.conn.State(); state.StreamsActive+state.StreamsReserved+state.StreamsPending == 0 {
			s.conn.Close()
		}
	}
}

// Close closes all HTTP/2 connections at once, and with them their WebSockets, without a
// closing handshake. Those over HTTP/1.1 stay open.
func (t *Transport) Close() error {
	t.once.Do(t.init)
	for _, s := range t.sessions() {
		s.conn.Close()
	}
	return nil
}
