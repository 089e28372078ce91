package connect

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// dialOptions returns what the flags say. The connection will tell s when it hears
// something.
func (c *Command) dialOptions(s *session) (*websocket.DialOptions, error) {
	if err := checkURL(c.URL); err != nil {
		return nil, err
	}
	opts := &websocket.DialOptions{
		Options: websocket.Options{Subprotocols: c.Subprotocol, MaxMessage: c.MaxMessage},
		Header:  http.Header{},
		Wrap:    func(nc net.Conn) net.Conn { return &heardConn{Conn: nc, session: s} },
	}
	if c.Compress {
		// Small messages too: who asks for it wants to see it.
		opts.Compression = &websocket.Compression{Takeover: true, Level: 9, Threshold: -1}
	}
	if c.Trace {
		lines := &trace.Printer{W: noticeWriter{s.out}, Color: s.out.faint}
		opts.Wrap = func(nc net.Conn) net.Conn {
			return trace.Conn(&heardConn{Conn: nc, session: s}, websocket.RoleClient, lines.Print)
		}
	}
	for _, line := range c.Header {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("--header %q: want 'NAME: VALUE'", line)
		}
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Host"):
			opts.Host = value
		case strings.EqualFold(name, "Sec-WebSocket-Protocol"):
			return nil, fmt.Errorf("--header %q: say --subprotocol for each of them", line)
		default:
			opts.Header.Add(name, value)
		}
	}
	if c.Origin != "" {
		opts.Header.Set("Origin", c.Origin)
	}
	if c.Insecure {
		opts.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	}
	return opts, c.chooseProxy(opts)
}

// checkURL finds the mistakes that are made most often in a URL; Dial finds them all.
func checkURL(raw string) error {
	scheme, _, ok := strings.Cut(raw, "://")
	switch {
	case !ok && strings.HasPrefix(raw, ":"):
		return fmt.Errorf("URL %q has no scheme and no host: did you mean ws://localhost%s?", raw, raw)
	case !ok:
		return fmt.Errorf("URL %q has no scheme: did you mean ws://%s?", raw, raw)
	}
	switch strings.ToLower(scheme) {
	case "ws", "wss", "http", "https", "ws+unix", "wss+unix":
	default:
		return fmt.Errorf("URL with scheme %q: want ws:// or wss://, or ws+unix:// for a unix socket", scheme)
	}
	u, err := url.Parse(raw)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL may have a password in it
	}
	switch {
	case err != nil:
		return fmt.Errorf("malformed URL: %w", err)
	case u.Hostname() == "" && !strings.HasSuffix(u.Scheme, "+unix"):
		return fmt.Errorf("URL %q has no host: did you mean ws://localhost?", raw)
	case strings.Contains(raw, "#"):
		return errors.New("a WebSocket URL has no fragment (RFC 6455 §3): write %23 for a # in it")
	}
	return nil
}

func (c *Command) chooseProxy(opts *websocket.DialOptions) error {
	switch c.Proxy {
	case "":
	case "none":
		opts.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	default:
		proxy, err := url.Parse(c.Proxy)
		if err != nil || proxy.Host == "" {
			return errors.New("--proxy: want a URL such as http://proxy.example:3128 or socks5://localhost:1080, or none")
		}
		opts.Proxy = http.ProxyURL(proxy)
	}
	return nil
}

// heardConn tells its session when bytes of a message come that is not complete. What
// is no longer than a control frame says nothing: it may be a Pong.
type heardConn struct {
	net.Conn
	session *session
}

func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > codec.MaxHeaderSize+codec.MaxControlPayload {
		c.session.hear()
	}
	return n, err
}
