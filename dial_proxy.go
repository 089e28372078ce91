package websocket

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/zerowire/websocket/codec"
)

// proxy is the proxy of a connection.
type proxy struct {
	url      *url.URL
	variable string // environment variable that names the proxy; "" if the caller chose it
}

// proxy returns the proxy for the endpoint, nil for none.
func (d *dialing) proxy() (*proxy, error) {
	r := &http.Request{Method: http.MethodGet, URL: d.to.url, Header: d.opts.Header}
	var p proxy
	var err error
	if d.opts.Proxy != nil {
		p.url, err = d.opts.Proxy(r)
	} else {
		p.url, p.variable, err = proxyFromEnvironment(r)
	}
	if err != nil {
		return nil, fmt.Errorf("choice of a proxy: %w", err)
	}
	if p.url == nil {
		return nil, nil
	}
	return &p, p.check()
}

// check returns an error if the URL of the proxy cannot be used.
func (p *proxy) check() error {
	if defaultPorts[p.url.Scheme] == "" {
		return p.failed(fmt.Errorf("unsupported scheme %q: want http, https, socks5 or socks5h", p.url.Scheme))
	}
	if p.url.Hostname() == "" {
		return p.failed(errors.New("without a host"))
	}
	if _, err := codec.AppendRequest(nil, codec.RequestParams{Host: hostOf(p.url), Key: anyKey}); err != nil {
		return p.failed(explainHost("host", p.url, err))
	}
	return nil
}

// address returns the host and port of the proxy.
func (p *proxy) address() string { return net.JoinHostPort(p.url.Hostname(), portOf(p.url)) }

// name returns the URL of the proxy without userinfo.
func (p *proxy) name() string { return p.url.Scheme + "://" + p.url.Host }

// failed adds the name of the proxy to err.
func (p *proxy) failed(err error) error {
	if refused, ok := err.(*HandshakeError); ok {
		refused.Proxy, refused.variable = p.name(), p.variable
		return refused
	}
	if p.variable != "" {
		return fmt.Errorf("proxy %s from %s: %w", p.name(), p.variable, err)
	}
	return fmt.Errorf("proxy %s: %w", p.name(), err)
}

// tunnel opens a tunnel to the endpoint through nc, a connection to the proxy.
func (d *dialing) tunnel(ctx context.Context, nc net.Conn, via *proxy) (net.Conn, error) {
	raw := nc
	switch via.url.Scheme {
	case "https":
		var err error
		if nc, err = d.handshakeTLS(ctx, nc, via.url.Hostname()); err != nil {
			return nil, err
		}
		fallthrough
	case "http":
		return nc, d.connectHTTP(nc, raw, via.url.User)
	}
	return nc, connectSOCKS(nc, via.url.User, d.to)
}

// connectHTTP requests a tunnel from the HTTP proxy at the other end of nc (RFC 9110
// §9.3.6). raw is the network connection below nc.
func (d *dialing) connectHTTP(nc, raw net.Conn, user *url.Userinfo) error {
	target := net.JoinHostPort(d.to.hostname(), d.to.port())
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if agent := d.userAgent(); agent != "" {
		request += "User-Agent: " + agent + "\r\n" // request has checked it
	}
	if user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if err := writeAll(nc, []byte(request+"\r\n")); err != nil {
		return err
	}
	a := d.newAnswer(raw, trace{}) // the hooks are for the request to the server
	defer a.release()
	if err := a.read(nc); err != nil {
		return err
	}
	if status := a.head.Status(); status < 200 || status > 299 {
		refused := a.refused(codec.ErrStatus)
		refused.Body = a.body(nc, http.MethodConnect, true)
		return refused
	}
	if len(a.rest()) > 0 {
		return errors.New("unexpected data after the proxy's CONNECT response")
	}
	return nil
}
