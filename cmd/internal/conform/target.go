package conform

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// handshakeTimeout is how long connecting and the opening handshake may take.
const handshakeTimeout = 10 * time.Second

// target is the server under test.
type target struct {
	url          *url.URL
	secure       bool
	insecure     bool // any certificate will do
	subprotocols []string
	origin       string
	header       http.Header
	patience     time.Duration
}

// target returns the server that the flags describe.
func (c *Command) target() (*target, error) {
	if c.URL == "" {
		return nil, errors.New("which server? zerowire conform ws://localhost:8000/echo")
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	t := &target{
		url: u, insecure: c.Insecure, subprotocols: c.Subprotocol, origin: c.Origin,
		header: http.Header{}, patience: c.Patience,
	}
	switch u.Scheme {
	case "ws", "http":
	case "wss", "https":
		t.secure = true
	default:
		return nil, fmt.Errorf("%s: the URL of a server begins with ws:// or wss://", c.URL)
	}
	if u.Hostname() == "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s: the URL of a server is ws://host[:port]/path, without a fragment", c.URL)
	}
	for _, line := range c.Header {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("--header %q: a header is 'Name: value'", line)
		}
		t.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if u.User != nil && t.header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		r := http.Request{Header: t.header}
		r.SetBasicAuth(u.User.Username(), password)
		u.User = nil // the report must not show it
	}
	_, _, err = t.request("")
	return t, err
}

// request returns an opening handshake that offers extensions, and its key.
func (t *target) request(extensions string) (request []byte, key [24]byte, err error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	p := codec.RequestParams{
		Host:         t.url.Host,
		Target:       t.url.RequestURI(),
		Key:          codec.EncodeKey(nonce),
		Origin:       t.origin,
		Subprotocols: t.subprotocols,
		Extensions:   extensions,
		Header: func(yield func(name, value string) bool) {
			for _, name := range slices.Sorted(maps.Keys(t.header)) {
				for _, value := range t.header[name] {
					if !yield(name, value) {
						return
					}
				}
			}
		},
	}
	request, err = codec.AppendRequest(nil, p)
	return request, p.Key, err
}

// open connects and does the opening handshake. answer has the lines in which the
// server answers the extensions that were offered.
func (t *target) open(ctx context.Context, extensions string) (nc net.Conn, answer []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	request, key, err := t.request(extensions)
	if err != nil {
		return nil, nil, err
	}
	if nc, err = t.connect(ctx); err != nil {
		return nil, nil, t.explain(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	if _, err = nc.Write(request); err != nil {
		nc.Close()
		return nil, nil, t.explain(ctx, fmt.Errorf("opening handshake: %w", err))
	}
	response, early, err := readResponse(nc)
	if err == nil {
		err = t.check(response, key, extensions != "")
	}
	if err != nil {
		nc.Close()
		return nil, nil, t.explain(ctx, err)
	}
	for line := range response.Values("Sec-WebSocket-Extensions") {
		answer = append(answer, string(line))
	}
	return &opened{Conn: nc, in: newPingFilter(io.MultiReader(bytes.NewReader(early), ended{nc}))}, answer, nil
}

func (t *target) connect(ctx context.Context) (net.Conn, error) {
	port := t.url.Port()
	if !t.secure {
		addr := net.JoinHostPort(t.url.Hostname(), orDefault(port, "80"))
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	d := tls.Dialer{Config: &tls.Config{
		ServerName:         t.url.Hostname(),
		InsecureSkipVerify: t.insecure,
		NextProtos:         []string{"http/1.1"}, // RFC 6455 is spoken over nothing later
	}}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(t.url.Hostname(), orDefault(port, "443")))
}

func orDefault(port, value string) string {
	if port == "" {
		return value
	}
	return port
}

// explain adds where, and what can be done about it, to why an opening handshake
// failed.
func (t *target) explain(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		err = fmt.Errorf("%w (--insecure accepts any certificate)", err)
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("no answer to the opening handshake: %w (%v)", ctx.Err(), err)
	}
	return fmt.Errorf("%s: %w", t.url, err)
}

// readResponse reads the head of the answer. early is what came behind it.
func readResponse(nc net.Conn) (response *codec.Response, early []byte, err error) {
	response = new(codec.Response)
	b := make([]byte, 0, codec.MaxHeadBytes)
	for {
		n, err := response.Parse(b)
		if err == nil {
			return response, b[n:], nil
		}
		if err != codec.ErrShort {
			return nil, nil, fmt.Errorf("the answer to the opening handshake is not HTTP/1.1: %w", err)
		}
		m, err := nc.Read(b[len(b):cap(b)])
		b = b[:len(b)+m]
		if m == 0 && err != nil {
			return nil, nil, fmt.Errorf("the server ended the connection during the opening handshake: %w", err)
		}
	}
}

func (t *target) check(response *codec.Response, key [24]byte, extensions bool) error {
	err := response.Check(key, t.subprotocols, extensions)
	if err == nil {
		return nil
	}
	if status := response.Status(); status != http.StatusSwitchingProtocols {
		return fmt.Errorf("the server refused the opening handshake: %d %s%s", status, response.Reason(), advice(status))
	}
	return fmt.Errorf("the answer to the opening handshake is wrong: %w", err)
}

// advice says what to do about a refusal.
func advice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return " (sign in with --header 'Authorization: …' or ws://user:password@host)"
	case http.StatusForbidden:
		return " (it may want another --origin)"
	case http.StatusNotFound, http.StatusOK, http.StatusUpgradeRequired, http.StatusMethodNotAllowed:
		return " (is the path of the URL right?)"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return " (test the place it redirects to)"
	}
	return ""
}

// opened is a connection after its opening handshake.
type opened struct {
	net.Conn
	in *pingFilter
}

// Read reads what came with the response first.
func (o *opened) Read(b []byte) (int, error) { return o.in.Read(b) }

// ended reads a connection, and takes the end of TCP without the end of TLS as
// what it is here, the end: whether a frame was cut, the suite sees by itself.
type ended struct{ net.Conn }

func (e ended) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}
