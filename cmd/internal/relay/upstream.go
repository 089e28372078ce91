package relay

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// upstream is the server that connections are passed on to.
type upstream struct {
	url *url.URL
	tls *tls.Config // nil without TLS
}

// defaultPorts are the schemes that an upstream may have.
var defaultPorts = map[string]string{"ws": "80", "http": "80", "wss": "443", "https": "443"}

func newUpstream(rawURL string, insecure bool) (*upstream, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	port, ok := defaultPorts[u.Scheme]
	switch {
	case !ok:
		return nil, fmt.Errorf("%q: the URL of a server begins with ws:// or wss://", rawURL)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q: the URL has no host", rawURL)
	case u.Fragment != "":
		return nil, fmt.Errorf("%q: a WebSocket URL has no fragment (RFC 6455 §3)", rawURL)
	}
	up := &upstream{url: u}
	if port == "443" {
		// "h2" would be another protocol than this one.
		up.tls = &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"http/1.1"}, InsecureSkipVerify: insecure}
	}
	return up, nil
}

// dial connects to the server.
func (u *upstream) dial(ctx context.Context) (net.Conn, error) {
	addr := net.JoinHostPort(u.url.Hostname(), cmp.Or(u.url.Port(), defaultPorts[u.url.Scheme]))
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil || u.tls == nil {
		return nc, err
	}
	conn := tls.Client(nc, u.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		nc.Close()
		if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad {
			err = fmt.Errorf("%w (--insecure accepts any certificate)", err)
		}
		return nil, err
	}
	return conn, nil
}

// request returns a client's request as it goes to the server: line by line as it
// was sent, but for the Host, which is the server's, and the target, if the URL has a
// path. A user in the URL signs in, unless the client does.
func (u *upstream) request(r *codec.Request) []byte {
	b := []byte("GET ")
	if u.url.Path != "" {
		b = append(b, u.url.RequestURI()...)
	} else {
		b = append(b, r.Path()...)
		if query := r.Query(); len(query) > 0 {
			b = append(append(b, '?'), query...)
		}
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, u.url.Host...)
	b = append(b, "\r\n"...)
	for name, value := range r.Fields() {
		if strings.EqualFold(string(name), "Host") {
			continue
		}
		b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
	}
	if user := u.url.User; user != nil && r.Header("Authorization") == nil {
		password, _ := user.Password()
		b = append(b, "Authorization: Basic "...)
		b = base64.StdEncoding.AppendEncode(b, []byte(user.Username()+":"+password))
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// String names the server without what may be secret in its URL.
func (u *upstream) String() string { return u.url.Scheme + "://" + u.url.Host }
