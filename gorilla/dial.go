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

// Dialer opens connections to WebSocket servers. Its methods may be called concurrently. Its
// fields must not be changed during a call. A nil *Dialer means [DefaultDialer].
type Dialer struct {
	// NetDial opens network connections; nil means net.Dialer.
	NetDial func(network, addr string) (net.Conn, error)

	// NetDialContext, if not nil, replaces NetDial.
	NetDialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// NetDialTLSContext, if not nil, replaces both for wss. It must perform the TLS
	// handshake; TLSClientConfig is then not used.
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request; nil, or a nil URL, means none. The scheme is
	// http, https or socks5. Dial returns an error of Proxy.
	Proxy func(*http.Request) (*url.URL, error)

	// TLSClientConfig applies to wss; nil means the defaults. An empty ServerName is set
	// from the URL. The protocol h2 is not offered.
	TLSClientConfig *tls.Config

	// HandshakeTimeout limits the whole call of Dial; 0 means no limit.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are the sizes of the network buffers, in bytes; 0
	// means 4096. Messages may be larger: they are sent in frames of WriteBufferSize.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool stores write buffers while no message is being written; nil means
	// package pool of this library. In both cases, connections hold no write buffer
	// between messages.
	WriteBufferPool BufferPool

	// Subprotocols are the sub-protocols that the client offers, in order of preference.
	Subprotocols []string

	// EnableCompression offers permessage-deflate (RFC 7692), without context takeover.
	EnableCompression bool

	// Jar provides cookies for the request, and stores those of the response; nil means
	// none.
	Jar http.CookieJar
}

// DefaultDialer uses the proxy of the environment, and limits the handshake to 45 s.
var DefaultDialer = &Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: 45 * time.Second,
}

var (
	defaultDialer = *DefaultDialer

	errURL       = errors.New("websocket: dial: malformed URL: want ws or wss, without a user")
	errExtension = errors.New("websocket: dial: the server agrees to an extension that was not offered like this")
)

// offer is the offer of EnableCompression.
var offer = deflate.Params{ServerNoContextTakeover: true, ClientNoContextTakeover: true}.String()

// Dial is [Dialer.DialContext] with the background context.
func (d *Dialer) Dial(urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	return d.DialContext(context.Background(), urlStr, requestHeader)
}

// DialContext connects to a server and performs the opening handshake (RFC 6455 §4.1). The
// scheme of the URL is ws or wss. requestHeader is sent with the request. It may contain Host,
// Origin, Cookie and, if Subprotocols is empty, Sec-WebSocket-Protocol, but no field that the
// handshake sets. If ctx ends, DialContext returns its error. ctx has no effect on the returned
// Conn.
//
// If the server refuses, the error is [ErrBadHandshake]. The body of the response then holds
// its first kilobyte, and need not be closed. Redirects are not followed.
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

// parseURL parses s and replaces its scheme by http or https, for net/http.
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

// request returns the request of the opening handshake.
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
	// Names are written as in RFC 6455, not in net/http's form: for some servers case
	// matters.
	req.Header["Upgrade"] = []string{"websocket"}
	req.Header["Connection"] = []string{"Upgrade"}
	req.Header["Sec-WebSocket-Key"] = []string{key}
	req.Header["Sec-WebSocket-Version"] = []string{"13"}
	if len(d.Subprotocols) > 0 {
		req.Header["Sec-WebSocket-Protocol"] = []string{strings.Join(d.Subprotocols, ", ")}
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
	if d.EnableCompression {
		req.Header["Sec-WebSocket-Extensions"] = []string{offer}
	}
	return req, key, nil
}

// reserved are the headers that the handshake sets.
var reserved = []string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version",
	"Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
}

// handshake performs the opening handshake on nc.
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
	if !ok || on && !(d.EnableCompression && agreed.ClientNoContextTakeover) {
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

// NewClient performs the opening handshake for u on netConn. If the handshake fails, NewClient
// closes netConn.
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
