package relay

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
)

// upstream is the server that connections are passed on to.
type upstream struct {
	reach  *reach.Flags
	raw    string // the URL as given
	url    *url.URL
	host   string      // for the Host header
	header http.Header // in place of the client's lines of the same names
	sifted bool        // a filter decides about messages
}

func newUpstream(rawURL string, flags *reach.Flags) (*upstream, error) {
	if err := reach.CheckURL(rawURL); err != nil {
		return nil, err
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	opts, err := flags.Options()
	if err != nil {
		return nil, err
	}
	return &upstream{reach: flags, raw: rawURL, url: u, host: cmp.Or(opts.Host, u.Host, "localhost"), header: opts.Header}, nil
}

// dial connects to the server.
func (u *upstream) dial(ctx context.Context) (net.Conn, error) {
	nc, err := u.reach.Connect(ctx, u.raw)
	if err != nil {
		return nil, u.reach.Explain(ctx, u.raw, err)
	}
	return nc, nil
}

// path is the path of the URL: that of a unix socket's URL stands behind the socket's.
func (u *upstream) path() (path string, query string) {
	path = u.url.EscapedPath()
	if strings.HasSuffix(u.url.Scheme, "+unix") {
		_, path, _ = strings.Cut(path, ":")
	}
	return path, u.url.RawQuery
}

// request returns a client's request as it goes to the server: line by line as it
// was sent, but for the Host, which is the server's, the Origin of a page of the proxy,
// and the target, if the URL has a path. A user in the URL signs in, unless the client does.
func (u *upstream) request(r *codec.Request) []byte {
	b := []byte("GET ")
	if path, query := u.path(); path != "" {
		b = append(b, path...)
		if query != "" {
			b = append(append(b, '?'), query...)
		}
	} else {
		b = append(b, r.Path()...)
		if query := r.Query(); len(query) > 0 {
			b = append(append(b, '?'), query...)
		}
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, u.host...)
	b = append(b, "\r\n"...)
	for name, value := range r.Fields() {
		switch {
		case strings.EqualFold(string(name), "Sec-WebSocket-Extensions") && u.sifted:
			continue // a filter sees what was sent, not what compression makes of it
		case strings.EqualFold(string(name), "Host"), u.header.Values(string(name)) != nil:
			continue
		case strings.EqualFold(string(name), "Origin"):
			value = []byte(u.origin(string(value), string(r.Host())))
		}
		b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
	}
	for name, values := range u.header {
		for _, value := range values {
			b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
		}
	}
	if credentials := u.credentials(); credentials != "" && r.Header("Authorization") == nil && u.header.Get("Authorization") == "" {
		b = append(append(append(b, "Authorization: "...), credentials...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// String names the server without what may be secret in its URL.
func (u *upstream) String() string { return u.url.Scheme + "://" + u.url.Host }
