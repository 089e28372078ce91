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
	"time"

	"github.com/zerowire/websocket/internal/h2stream"
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
	// is http, https, socks5 or socks5h; its userinfo is used to authenticate. The
	// proxy resolves host names. The URL of the request has the scheme http or https.
	// Default: http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial opens the connection to a server or proxy, instead of a net.Dialer.
	// network is "tcp" or "unix". It has to return when ctx ends; afterwards ctx has no
	// effect on the connection.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Wrap replaces the connection on which the opening handshake is about to be
	// performed, after proxies and above TLS. It serves to observe or count the bytes.
	// May be nil.
	Wrap func(net.Conn) net.Conn

	// MaxRedirects limits the number of redirects that are followed. Targets are ws,
	// wss, http and https; a redirect from wss to ws is refused. A negative value
	// follows none. Default: 10.
	MaxRedirects int

	// Accepted is called with the header of the response that accepts the connection,
	// before Dial returns. If it returns an error, Dial returns that error. May be nil.
	Accepted func(header http.Header) error
}

// defaultRedirects is the limit of net/http, too.
const defaultRedirects = 10

// Dial connects to a server and performs the client's side of the opening handshake
// (RFC 6455 §4.1). The URL has one of these forms:
//
//	ws://host[:port]/path?query             or http
//	wss://host[:port]/path?query            or https: over TLS
//	ws+unix:///path/to/socket:/path?query   or wss+unix: to a unix socket
//
// Userinfo is sent as Authorization, unless Header has one. A fragment is an error (RFC
// 6455 §3). A host name that is not ASCII is an error, too: use its xn-- form. opts may
// be nil.
//
// ctx applies to the call, and has no effect on the returned Conn. If ctx ends, Dial
// returns its error. After Options.HandshakeTimeout it returns an error that wraps
// [ErrTimeout]. If a server or proxy refuses, the error is a [*HandshakeError], which
// holds the response. A string that must not be sent is reported as a [codec.Misuse]
// before anything is sent.
func Dial(ctx context.Context, rawURL string, opts *DialOptions) (*Conn, error) {
	if runtime.GOOS == "js" && (opts == nil || opts.NetDial == nil) {
		return nil, fmt.Errorf("websocket: dial: %w under js/wasm: a page has no sockets: use the browser's WebSocket, or set DialOptions.NetDial", errors.ErrUnsupported)
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
	for {
		c, err := d.attempt(ctx)
		if err == nil {
			return c, nil
		}
		refused, ok := err.(*HandshakeError)
		if !ok {
			return nil, fmt.Errorf("websocket: dial %s: %w", d.to, err)
		}
		if !d.follow(refused) {
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
}

func newDialing(rawURL string, opts *DialOptions) (*dialing, error) {
	d := &dialing{}
	if opts != nil {
		d.opts = *opts
	}
	header := http.Header{}
	for name, values := range d.opts.Header {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	d.opts.Header = header
	d.settings = d.opts.Options.resolve()
	def(&d.opts.MaxRedirects, defaultRedirects)
	if d.opts.Proxy == nil {
		d.opts.Proxy = http.ProxyFromEnvironment
	}
	if d.opts.NetDial == nil {
		d.opts.NetDial = new(net.Dialer).DialContext
	}
	var err error
	if d.to, err = parseEndpoint(rawURL); err != nil {
		err = urlError{err}
	}
	return d, err
}

// attempt does one opening handshake: connection, proxy, TLS, request and
// response.
func (d *dialing) attempt(ctx context.Context) (c *Conn, err error) {
	request, key, err := d.request()
	if err != nil {
		return nil, err
	}
	raw, proxy, err := d.connect(ctx)
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
	nc, err := d.secure(ctx, raw, proxy)
	if err != nil {
		return nil, because(ctx, err)
	}
	if d.opts.Wrap != nil {
		nc = d.opts.Wrap(nc)
	}
	var a answer
	defer a.release()
	ext, err := d.exchange(nc, request, key, &a)
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

// errLate says where a Dial was whose ctx ended at the last moment.
var errLate = errors.New("opening handshake done")

// connect opens the connection to the endpoint or to its proxy.
func (d *dialing) connect(ctx context.Context) (nc net.Conn, proxy *url.URL, err error) {
	network, addr := d.to.address()
	if network == "tcp" {
		proxy, err = d.opts.Proxy(&http.Request{Method: http.MethodGet, URL: d.to.url, Header: d.opts.Header})
		if err != nil {
			return nil, nil, fmt.Errorf("choice of a proxy: %w", err)
		}
	}
	if proxy != nil {
		if addr, err = proxyAddress(proxy); err != nil {
			return nil, nil, err
		}
	}
	nc, err = d.opts.NetDial(ctx, network, addr)
	return nc, proxy, err
}

// secure makes of the connection to the endpoint or its proxy the one that the
// opening handshake is done on.
func (d *dialing) secure(ctx context.Context, nc net.Conn, proxy *url.URL) (net.Conn, error) {
	if proxy != nil {
		var err error
		if nc, err = d.tunnel(ctx, nc, proxy); err != nil {
			if refused, ok := errors.AsType[*HandshakeError](err); ok {
				refused.Proxy = proxy.Scheme + "://" + proxy.Host
			}
			return nil, fmt.Errorf("proxy %s: %w", proxy.Host, err)
		}
	}
	if _, secured := nc.(h2stream.Secured); secured || d.to.url.Scheme != "https" {
		return nc, nil
	}
	config := d.opts.TLSConfig
	if config != nil && config.ServerName != "" {
		return handshakeTLS(ctx, nc, config, config.ServerName)
	}
	return handshakeTLS(ctx, nc, config, d.to.hostname())
}

func handshakeTLS(ctx context.Context, nc net.Conn, config *tls.Config, serverName string) (net.Conn, error) {
	if config = config.Clone(); config == nil {
		config = &tls.Config{}
	}
	config.ServerName = serverName
	config.NextProtos = []string{"http/1.1"} // "h2" would be another protocol than this one
	conn := tls.Client(nc, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return conn, nil
}

// because returns why a step failed with err: if ctx has ended, that is why, unless
// the server had answered.
func because(ctx context.Context, err error) error {
	if _, answered := errors.AsType[*HandshakeError](err); answered {
		return err
	}
	if limit, ok := ctx.Deadline(); ok && time.Until(limit) <= 0 {
		<-ctx.Done() // the network can be a moment ahead of ctx
	}
	if ctx.Err() == nil {
		return err
	}
	ended := ctx.Err()
	if context.Cause(ctx) == ErrTimeout {
		ended = ErrTimeout
	}
	return fmt.Errorf("%w (%v)", ended, err)
}

// follow makes the place that a response redirects to the next endpoint. It
// returns false, and says why in refused, if there is none or it may not be.
func (d *dialing) follow(refused *HandshakeError) bool {
	location := refused.Header.Get("Location")
	switch refused.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return false
	}
	if location == "" || d.opts.MaxRedirects == 0 {
		return false
	}
	if d.followed == d.opts.MaxRedirects {
		refused.Reason = fmt.Sprintf("redirected more than %d times", d.followed)
		return false
	}
	d.followed++
	next, err := d.to.resolve(location)
	if err != nil {
		refused.Reason = "redirected to a URL that is not followed: " + err.Error()
		return false
	}
	if !next.sameHost(d.to) {
		d.forgetSecrets()
	}
	d.to = next
	return true
}

// forgetSecrets drops, for good, what the caller meant for one host only.
func (d *dialing) forgetSecrets() {
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		d.opts.Header.Del(name)
	}
	d.opts.Host = ""
	if d.opts.TLSConfig != nil {
		d.opts.TLSConfig = d.opts.TLSConfig.Clone()
		d.opts.TLSConfig.ServerName = ""
	}
}
