package websocket

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

// Dialer opens connections to WebSocket servers. Its fields must not be changed
// while its methods are called, which may be concurrently. A nil *Dialer is
// [DefaultDialer].
type Dialer struct {
	// NetDial opens network connections; nil means net.Dialer.
	NetDial func(network, addr string) (net.Conn, error)

	// NetDialContext takes the place of NetDial.
	NetDialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// NetDialTLSContext takes the place of the two for wss, and returns a connection on
	// which the TLS handshake is done: TLSClientConfig is not used then.
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request; nil, or a nil URL, means none. Schemes are
	// http, https and socks5. An error ends Dial, which returns it.
	Proxy func(*http.Request) (*url.URL, error)

	// TLSClientConfig is for wss; nil means the defaults. ServerName is set if it is
	// empty, and the protocol h2 is not offered.
	TLSClientConfig *tls.Config

	// HandshakeTimeout limits all of Dial; 0 means no limit.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are the sizes of the buffers for the network,
	// in bytes; 0 means 4096. Messages may be larger: they leave in frames of
	// WriteBufferSize.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool keeps write buffers while no message is being written; nil means
	// package pool of this library. Connections hold none between messages in either
	// case.
	WriteBufferPool BufferPool

	// Subprotocols are those that the client offers, the preferred one first.
	Subprotocols []string

	// EnableCompression offers permessage-deflate (RFC 7692), without context takeover.
	EnableCompression bool

	// Jar has the cookies that are sent, and gets those of the response; nil means none.
	Jar http.CookieJar
}

// DefaultDialer uses the proxy that the environment names, and 45 s for the
// handshake.
var DefaultDialer = &Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: 45 * time.Second,
}

var (
	defaultDialer = *DefaultDialer

	errURL       = errors.New("websocket: dial: malformed URL: want ws or wss, without a user")
	errExtension = errors.New("websocket: dial: the server agrees to an extension that was not offered like this")
)

// offer is what EnableCompression offers.
var offer = deflate.Params{ServerNoContextTakeover: true, ClientNoContextTakeover: true}.String()

// Dial is [Dialer.DialContext] with the background context.
func (d *Dialer) Dial(urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	return d.DialContext(context.Background(), urlStr, requestHeader)
}

// DialContext opens a connection to the server at a URL with scheme ws or wss.
// requestHeader is sent with the request: it may have Host, Origin, Cookie and,
// if Subprotocols is empty, Sec-WebSocket-Protocol, but none that the handshake sets
// itself. When ctx ends, DialContext gives up and returns its error.
//
// If the server refuses, the error is [ErrBadHandshake], and the response has the
// first kilobyte of the body, which need not be closed. Redirects are not followed.
func (d *Dialer) DialContext(ctx context.Context, urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	if d == nil {
		d = &defaultDialer
	}
	u, err := parseURL(urlStr)
	if err != nil {
		return nil, nil, err
	}
	req, key, err := d.request(ctx, u, requestHeader)
	if err != nil {
		return nil, nil, err
	}
	if d.HandshakeTimeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.HandshakeTimeout)
		defer cancel()
	}
	nc, err := d.connect(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	interrupt := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	c, resp, err := d.handshake(ctx, nc, req, key)
	if !interrupt() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		nc.Close()
		if _, timeout := errors.AsType[net.Error](err); timeout && ctx.Err() == context.Canceled {
			err = context.Canceled
		}
		return nil, resp, err
	}
	c.conn.SetDeadline(time.Time{})
	return c, resp, nil
}

// parseURL returns the URL with the scheme that net/http knows.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	scheme, ok := map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	if !ok || u.User != nil {
		return nil, errURL
	}
	u.Scheme = scheme
	return u, nil
}

// request makes the opening handshake's request.
func (d *Dialer) request(ctx context.Context, u *url.URL, header http.Header) (req *http.Request, key string, err error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	encoded := codec.EncodeKey(nonce)
	key = string(encoded[:])
	req = (&http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{},
	}).WithContext(ctx)
	if d.Jar != nil {
		for _, cookie := range d.Jar.Cookies(u) {
			req.AddCookie(cookie)
		}
	}
	// Names as RFC 6455 writes them, which net/http does not: some servers compare case.
	req.Header["Upgrade"] = []string{"websocket"}
	req.Header["Connection"] = []string{"Upgrade"}
	req.Header["Sec-WebSocket-Key"] = []string{key}
	req.Header["Sec-WebSocket-Version"] = []string{"13"}
	if len(d.Subprotocols) > 0 {
		req.Header["Sec-WebSocket-Protocol"] = []string{strings.Join(d.Subprotocols, ", ")}
	}
	if d.EnableCompression {
		req.Header["Sec-WebSocket-Extensions"] = []string{offer}
	}
	for name, values := range header {
		switch {
		case name == "Host":
			req.Host = header.Get("Host")
		case name == "Sec-Websocket-Protocol" && len(d.Subprotocols) == 0:
			req.Header["Sec-WebSocket-Protocol"] = values
		case slices.Contains(reserved, name):
			return nil, "", fmt.Errorf("websocket: dial: request header %s: the handshake sets it", name)
		default:
			req.Header[name] = values
		}
	}
	return req, key, nil
}

// reserved are the headers that the handshake sets.
var reserved = []string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version",
	"Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
}

// handshake does the opening handshake on nc.
func (d *Dialer) handshake(ctx context.Context, nc net.Conn, req *http.Request, key string) (*Conn, *http.Response, error) {
	nc, err := d.secure(ctx, nc, req.URL)
	if err != nil {
		return nil, nil, err
	}
	c := newConn(nc, codec.Client, bufferSizes{d.ReadBufferSize, d.WriteBufferSize, d.WriteBufferPool}, nil)
	if err := req.Write(nc); err != nil {
		return nil, nil, err
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.GotFirstResponseByte != nil {
		if _, err := c.in.br.Peek(1); err == nil {
			trace.GotFirstResponseByte()
		}
	}
	resp, err := http.ReadResponse(c.in.br, req)
	if err != nil {
		return nil, nil, err
	}
	if d.Jar != nil {
		if cookies := resp.Cookies(); len(cookies) > 0 {
			d.Jar.SetCookies(req.URL, cookies)
		}
	}
	if !accepts(resp, key) {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return nil, resp, ErrBadHandshake
	}
	resp.Body = http.NoBody
	agreed, on, ok := deflate.Policy{}.Agreed(values(resp.Header, "Sec-Websocket-Extensions"))
	if !ok || on && !agreed.ClientNoContextTakeover {
		return nil, resp, errExtension
	}
	if on {
		c.agree(agreed)
	}
	c.subprotocol = resp.Header.Get("Sec-Websocket-Protocol")
	return c, resp, nil
}

// accepts reports whether resp accepts the request with this key (RFC 6455 §4.1).
func accepts(resp *http.Response, key string) bool {
	accept := codec.AcceptKey([]byte(key))
	return resp.StatusCode == http.StatusSwitchingProtocols &&
		hasToken(resp.Header, "Upgrade", "websocket") &&
		hasToken(resp.Header, "Connection", "upgrade") &&
		slices.Equal(resp.Header["Sec-Websocket-Accept"], []string{string(accept[:])})
}

// NewClient does the opening handshake for u on netConn. The caller keeps netConn
// if it fails: it is closed then.
//
// Deprecated: Use Dialer with NetDial.
func NewClient(netConn net.Conn, u *url.URL, requestHeader http.Header, readBufSize, writeBufSize int) (c *Conn, response *http.Response, err error) {
	d := Dialer{
		ReadBufferSize:  readBufSize,
		WriteBufferSize: writeBufSize,
		NetDial:         func(string, string) (net.Conn, error) { return netConn, nil },
	}
	return d.Dial(u.String(), requestHeader)
}
