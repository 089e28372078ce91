package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"

	"golang.org/x/net/proxy"
)

// connect opens the network connection for req, through a proxy if there is one. It does not
// perform the TLS handshake with the server.
func (d *Dialer) connect(ctx context.Context, req *http.Request) (net.Conn, error) {
	var proxyURL *url.URL
	if d.Proxy != nil {
		var err error
		if proxyURL, err = d.Proxy(req); err != nil {
			return nil, err
		}
	}
	addr := address(req.URL)
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(addr)
	}
	nc, err := d.dialThrough(ctx, proxyURL, req.URL.Scheme, addr)
	if err == nil && trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: nc})
	}
	return nc, err
}

// dialThrough opens a connection to addr through a proxy. proxyURL may be nil.
func (d *Dialer) dialThrough(ctx context.Context, proxyURL *url.URL, scheme, addr string) (net.Conn, error) {
	direct := dialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		return d.dial(ctx, scheme, network, addr)
	})
	if proxyURL == nil {
		return direct(ctx, "tcp", addr)
	}
	if proxyURL.Scheme == "http" || proxyURL.Scheme == "https" {
		return d.connectHTTP(ctx, direct, proxyURL, addr)
	}
	dialer, err := proxy.FromURL(proxyURL, direct)
	if err != nil {
		return nil, err
	}
	if dialer, ok := dialer.(proxy.ContextDialer); ok {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	return dialer.Dial("tcp", addr)
}

// dial opens a connection with the function that the application has set for this scheme.
func (d *Dialer) dial(ctx context.Context, scheme, network, addr string) (net.Conn, error) {
	switch {
	case scheme == "https" && d.NetDialTLSContext != nil:
		return d.NetDialTLSContext(ctx, network, addr)
	case d.NetDialContext != nil:
		return d.NetDialContext(ctx, network, addr)
	case d.NetDial != nil:
		return d.NetDial(network, addr)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, addr)
}

// dialFunc is a proxy.ContextDialer.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f(ctx, network, addr)
}

func (f dialFunc) Dial(network, addr string) (net.Conn, error) {
	return f(context.Background(), network, addr)
}

// connectHTTP opens a tunnel to addr through an HTTP proxy (RFC 9110 §9.3.6).
func (d *Dialer) connectHTTP(ctx context.Context, direct dialFunc, proxyURL *url.URL, addr string) (_ net.Conn, err error) {
	nc, err := direct(ctx, "tcp", address(proxyURL))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			nc.Close()
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		nc.SetDeadline(deadline)
	}
	raw := nc
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if proxyURL.Scheme == "https" {
		conn := tls.Client(nc, d.config(proxyURL))
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		nc = conn
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if user := proxyURL.User; user != nil {
		password, _ := user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		req.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := req.Write(nc); err != nil {
		return nil, err
	}
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("websocket: dial: proxy %s refuses the tunnel: %s", proxyURL.Host, resp.Status)
	}
	if br.Buffered() > 0 {
		return nil, errors.New("websocket: dial: unexpected data after the proxy's CONNECT response")
	}
	return nc, nil
}

// secure performs the TLS handshake on nc, if the scheme of u requires TLS and nc has none yet.
func (d *Dialer) secure(ctx context.Context, nc net.Conn, u *url.URL) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		nc.SetDeadline(deadline)
	}
	if u.Scheme != "https" || d.NetDialTLSContext != nil {
		return nc, nil
	}
	conn := tls.Client(nc, d.config(u))
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	err := conn.HandshakeContext(ctx)
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(conn.ConnectionState(), err)
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// config returns the TLS configuration for the host of u.
func (d *Dialer) config(u *url.URL) *tls.Config {
	config := d.TLSClientConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	config.NextProtos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(p string) bool { return p == "h2" })
	return config
}

// address returns the host and port of u, with the scheme's port if it has none.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" && u.Scheme == "https" {
		port = "443"
	} else if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
