package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
)

// DialOptions are the settings of [Dial]. The zero value is valid. Dial does not modify
// them, so that concurrent calls may share them.
type DialOptions struct {
	// Options are the settings of the connection. HandshakeTimeout limits the whole
	// call of Dial, including redirects. Origins has no effect on a client.
	Options

	// Header is sent with the request. It must name neither Host nor a field that the
	// opening handshake sets; Origin and Cookie are allowed. Authorization,
	// Proxy-Authorization and Cookie are not sent to another host after a redirect.
	// User-Agent replaces the default, "zerowire", also for proxies; an empty value, or
	// none, sends no User-Agent.
	Header http.Header

	// Host, if not empty, replaces the URL's host in the Host header. It affects
	// neither the address that Dial connects to nor the verification of the
	// certificate.
	Host string

	// Jar provides further cookies, and stores those of every response, including
	// refusals and redirects. May be nil.
	Jar http.CookieJar

	// TLSConfig applies to wss and to proxies of scheme https. If ServerName is empty,
	// the certificate must match the URL's host. NextProtos is always "http/1.1". May
	// be nil.
	TLSConfig *tls.Config

	// Proxy returns the proxy for a request, or nil for none. The scheme of the proxy
	// is http, https, socks5 or socks5h (or socks, which means socks5); its userinfo is
	// used to authenticate. The proxy resolves host names. The URL of the request has
	// the scheme http or https. Default: [ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial opens the connection to a server or proxy, instead of a net.Dialer.
	// network is "tcp" or "unix". NetDial must return when ctx ends. ctx must have no effect
	// on the returned connection.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Wrap replaces the connection before the opening handshake, after proxies and above
	// TLS. Use it to observe or count the bytes. May be nil.
	Wrap func(net.Conn) net.Conn

	// MaxRedirects limits the number of redirects that are followed. Targets are ws,
	// wss, http and https; a redirect from wss to ws is refused. A negative value
	// follows none. Default: 10.
	MaxRedirects int

	// Accepted is called with the header of the response that accepts the connection,
	// before Dial returns. If it returns an error, Dial returns that error. May be nil.
	Accepted func(header http.Header) error
}

// defaultRedirects is also the limit of net/http.
const defaultRedirects = 10

// withoutSockets reports that connections of package net reach only this process.
const withoutSockets = runtime.GOOS == "js" || runtime.GOOS == "wasip1"

// Dial connects to a server and performs the client's side of the opening handshake
// (RFC 6455 §4.1). The URL has one of these forms:
//
//	ws://host[:port]/path?query             or http
//	wss://host[:port]/path?query            or https: over TLS
//	ws+unix:///path/to/socket:/path?query   or wss+unix: to a unix socket
//
// Userinfo is sent as Authorization, unless Header has one. Characters that must not be
// sent in path and query, such as spaces and letters that are not ASCII, are escaped. A
// fragment is an error (RFC 6455 §3). A host name that is not ASCII is an error, too: use
// its xn-- form. opts may be nil.
//
// ctx applies to the call, and has no effect on the returned Conn. If ctx ends, Dial
// returns its error. After Options.HandshakeTimeout it returns an error that wraps
// [ErrTimeout]. If a server or proxy refuses, the error is a [*HandshakeError], which
// holds the response. A string that must not be sent is reported as a [codec.Misuse]
// before anything is sent. Where programs have no sockets (GOOS js and wasip1), Dial
// without a NetDial returns an error that wraps [errors.ErrUnsupported].
//
// The hooks that package net/http/httptrace has put into ctx are called for each request,
// including redirected ones: GetConn, TLSHandshakeStart and TLSHandshakeDone (also for the
// proxy's TLS), GotConn, WroteHeaderField, WroteHeaders, WroteRequest, GotFirstResponseByte,
// Got100Continue and Got1xxResponse. The default NetDial, and each net.Dialer, calls
// DNSStart, DNSDone, ConnectStart and ConnectDone. The others do not apply.
func Dial(ctx context.Context, rawURL string, opts *DialOptions) (*Conn, error) {
	if withoutSockets && (opts == nil || opts.NetDial == nil) {
		return nil, fmt.Errorf("websocket: dial: %w under %s/%s, which has no sockets: in a browser use its WebSocket, or set DialOptions.NetDial", errors.ErrUnsupported, runtime.GOOS, runtime.GOARCH)
	}
	if opts != nil {
		if err := opts.Options.check(); err != nil {
			return nil, err
		}
	}
	d, err := newDialing(rawURL, opts)
	if err != nil {
		return nil, fmt.Errorf("websocket: dial: %w", err)
	}
	if limit := d.settings.HandshakeTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrTimeout)
		defer cancel()
	}
	d.trace = traceOf(ctx)
	for {
		c, err := d.attempt(ctx)
		if err == nil {
			return c, nil
		}
		refused, ok := err.(*HandshakeError)
		if !ok {
			return nil, fmt.Errorf("websocket: dial %s: %w", d.to, err)
		}
		refused.to = d.to.String()
		if !d.redirects(refused) || !d.follow(refused) {
			return nil, refused
		}
	}
}

// dialing is the state of a call of Dial.
type dialing struct {
	opts     DialOptions // its fields change when a redirect leads to another host
	settings *settings
	to       *endpoint
	followed int // redirects
	trace    trace
}

func newDialing(rawURL string, opts *DialOptions) (*dialing, error) {
	d := &dialing{}
	if opts != nil {
		d.opts = *opts
	}
	header := http.Header{}
	for name, values := range d.opts.Header {
		name = http.CanonicalHeaderKey(name)
		header[name] = append(header[name], values...)
	}
	d.opts.Header = header
	d.settings = d.opts.Options.resolve()
	def(&d.opts.MaxRedirects, defaultRedirects)
	if d.opts.NetDial == nil {
		d.opts.NetDial = new(net.Dialer).DialContext
	}
	var err error
	if d.to, err = parseEndpoint(rawURL); err != nil {
		err = urlError{err}
	}
	return d, err
}

// attempt performs one opening handshake: connection, proxy, TLS, request and response.
func (d *dialing) attempt(ctx context.Context) (c *Conn, err error) {
	request, key, err := d.request()
	if err != nil {
		return nil, err
	}
	raw, via, err := d.connect(ctx)
	if err != nil {
		return nil, because(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer func() {
		if c == nil {
			stop()
			raw.Close()
		}
	}()
	nc, err := d.secure(ctx, raw, via)
	if err != nil {
		return nil, because(ctx, err)
	}
	if d.opts.Wrap != nil {
		nc = d.opts.Wrap(nc)
	}
	d.trace.gotConn(nc)
	a := d.newAnswer(raw, d.trace)
	defer a.release()
	ext, err := d.exchange(nc, request, key, a)
	if err != nil {
		return nil, because(ctx, err)
	}
	if !stop() {
		return nil, because(ctx, errLate)
	}
	c = newConn(nc, RoleClient, d.settings, string(a.head.Subprotocol()), ext, a.rest(), nil)
	c.watchReading()
	return c, nil
}

// errLate reports that ctx ended after the opening handshake, before Dial returned.
var errLate = errors.New("opening handshake done")
