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

// DialOptions are the settings of Dial. The zero value works. Dial reads them
// and changes nothing, so any number of calls may share them.
type DialOptions struct {
	// Options are the settings of the connection. HandshakeTimeout bounds all that
	// Dial does, redirects included. Origins mean nothing to a client.
	Options

	// Header is sent with the request. It may name neither Host nor what the
	// opening handshake itself writes; Origin and Cookie are allowed.
	// Authorization, Proxy-Authorization and Cookie go to no other host that the
	// server redirects to.
	Header http.Header

	// Host is sent as the Host header, if not empty, in place of the URL's host. It
	// changes neither where Dial connects to nor whose certificate it wants.
	Host string

	// Jar is the source of further cookies and gets those of every response, be it
	// refused or redirected. May be nil.
	Jar http.CookieJar

	// TLSConfig is for wss and for proxies of scheme https. Without a ServerName the
	// URL's host is wanted. NextProtos is always "http/1.1". May be nil.
	TLSConfig *tls.Config

	// Proxy returns the proxy for a request, nil for none: its scheme is http,
	// https, socks5 or socks5h, and its userinfo is what to sign in with. The proxy
	// resolves host names. The request's URL has the scheme http or https. Default
	// http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial opens the connection to a server or proxy, in place of net.Dialer.
	// network is "tcp" or "unix". It has to return when ctx ends, and then need not
	// care for ctx any more.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Wrap is given the connection that the opening handshake is about to be done
	// on, behind proxies and above TLS, and returns the one that is used in its place:
	// to see, or to count, what passes. May be nil.
	Wrap func(net.Conn) net.Conn

	// MaxRedirects is how many redirects to follow, to ws, wss, http and https
	// only, and never away from TLS. Default 10; negative none.
	MaxRedirects int

	// Accepted is given the header of the response that accepts, before Dial
	// returns; an error from it makes Dial fail with it. May be nil.
	Accepted func(header http.Header) error
}

// defaultRedirects is what net/http follows, too.
const defaultRedirects = 10

// Dial connects to a server and does the client's side of the opening handshake
// (RFC 6455 §4.1). The URL is one of
//
//	ws://host[:port]/path?query             or http
//	wss://host[:port]/path?query            or https: over TLS
//	ws+unix:///path/to/socket:/path?query   or wss+unix: to a unix socket
//
// Userinfo in it is sent as Authorization, unless Header has one. A fragment is
// an error (RFC 6455 §3), and so is a host name that is not ASCII: write its xn--
// form. opts may be nil.
//
// ctx bounds the call and has no effect on the Conn. When it ends, Dial returns
// its error; after Options.HandshakeTimeout, ErrTimeout. A server, or a proxy,
// that answers anything but yes makes a *HandshakeError with the response in it.
// A string that may not be sent is a codec.Misuse, and nothing was sent.
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

// dialing is the state of a Dial.
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
