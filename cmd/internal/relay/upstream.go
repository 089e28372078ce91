package relay

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
)

// upstream is the server that connections are passed on to. Its Header is in place of the
// client's lines of the same names.
type upstream struct {
	*reach.Server
	sifted bool            // a filter decides about messages
	pages  *http.Transport // for plain HTTP
}

func newUpstream(rawURL string, flags *reach.Flags) (*upstream, error) {
	server, err := flags.Server(rawURL)
	u := &upstream{Server: server}
	u.pages = &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return u.dial(ctx) },
		DisableCompression: true,
		IdleConnTimeout:    idleTimeout,
	}
	return u, err
}

// dial connects to the server.
func (u *upstream) dial(ctx context.Context) (net.Conn, error) {
	nc, err := u.Connect(ctx, u.Raw)
	if err != nil {
		return nil, u.Explain(ctx, u.Raw, err)
	}
	return nc, nil
}

// request returns a client's request as it goes to the server: line by line as it
// was sent, but for the Host, which is the server's, the Origin of a page of the proxy,
// and the target, if the URL has a path. A user in the URL signs in, unless the client does.
func (u *upstream) request(r *codec.Request) []byte {
	target := u.Target()
	if target == "" {
		target = string(r.Path())
		if query := r.Query(); len(query) > 0 {
			target += "?" + string(query)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", target, u.Host)
	for name, value := range r.Fields() {
		switch {
		case strings.EqualFold(string(name), "Sec-WebSocket-Extensions") && u.sifted:
			continue // a filter sees what was sent, not what compression makes of it
		case strings.EqualFold(string(name), "Host"), u.Header.Values(string(name)) != nil:
			continue
		case strings.EqualFold(string(name), "Origin"):
			value = []byte(u.origin(string(value), string(r.Host())))
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	for name, values := range u.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if credentials := u.Credentials(); credentials != "" && r.Header("Authorization") == nil && u.Header.Get("Authorization") == "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", credentials)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// String names the server without what may be secret in its URL.
func (u *upstream) String() string { return u.URL.Scheme + "://" + u.URL.Host }
