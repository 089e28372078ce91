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

// proxyAddress returns where the proxy is that u names.
func proxyAddress(u *url.URL) (string, error) {
	if defaultPorts[u.Scheme] == "" {
		return "", fmt.Errorf("proxy with scheme %q: want http, https, socks5 or socks5h", u.Scheme)
	}
	if u.Hostname() == "" {
		return "", errors.New("proxy without a host")
	}
	return net.JoinHostPort(u.Hostname(), portOf(u)), nil
}

// tunnel makes of nc, a connection to the proxy u, one to the endpoint.
func (d *dialing) tunnel(ctx context.Context, nc net.Conn, u *url.URL) (net.Conn, error) {
	switch u.Scheme {
	case "http":
		return nc, d.connectHTTP(nc, u.User)
	case "https":
		conn, err := handshakeTLS(ctx, nc, d.opts.TLSConfig, u.Hostname())
		if err != nil {
			return nil, err
		}
		return conn, d.connectHTTP(conn, u.User)
	}
	return nc, connectSOCKS(nc, u.User, d.to)
}

// connectHTTP asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6).
func (d *dialing) connectHTTP(nc net.Conn, user *url.Userinfo) error {
	target := net.JoinHostPort(d.to.hostname(), d.to.port())
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if err := writeAll(nc, []byte(request+"\r\n")); err != nil {
		return err
	}
	var a answer
	defer a.release()
	if err := a.read(nc); err != nil {
		return err
	}
	if status := a.head.Status(); status < 200 || status > 299 {
		return a.refused(nc, http.MethodConnect, codec.ErrStatus)
	}
	if len(a.rest()) > 0 {
		return errors.New("unexpected data after the proxy's CONNECT response")
	}
	return nil
}
