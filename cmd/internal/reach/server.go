package reach

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Server is a server whose opening handshakes are done without [websocket.Dial].
type Server struct {
	*Flags
	Raw    string      // the URL as given
	URL    *url.URL    // the same
	Host   string      // for the Host header
	Header http.Header // of the flags
}

// Server returns the server at rawURL. An error is one of wrong usage.
func (f *Flags) Server(rawURL string) (*Server, error) {
	if err := CheckURL(rawURL); err != nil {
		return nil, err
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	opts, err := f.Options()
	if err != nil {
		return nil, err
	}
	return &Server{Flags: f, Raw: rawURL, URL: u, Host: cmp.Or(opts.Host, u.Host, "localhost"), Header: opts.Header}, nil
}

// Target returns path and query of the URL, as they are asked for; "" if it has no path.
// The path of a unix socket's URL stands behind the socket's.
func (s *Server) Target() string {
	path := s.URL.EscapedPath()
	if strings.HasSuffix(s.URL.Scheme, "+unix") {
		_, path, _ = strings.Cut(path, ":")
	}
	if path != "" && s.URL.RawQuery != "" {
		path += "?" + s.URL.RawQuery
	}
	return path
}

// Credentials returns the value of the header Authorization with which the user in the
// URL signs in, or "" if there is none.
func (s *Server) Credentials() string {
	if s.URL.User == nil {
		return ""
	}
	password, _ := s.URL.User.Password()
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(s.URL.User.Username(), password)
	return r.Header.Get("Authorization")
}

// CheckURL finds the mistakes that are made most often in the URL of a server;
// [websocket.Dial] finds them all.
func CheckURL(raw string) error {
	scheme, rest, ok := strings.Cut(raw, ":")
	unix := strings.HasSuffix(strings.ToLower(scheme), "+unix")
	switch {
	case raw == "":
		return errors.New("no URL of a server is given: want one such as ws://localhost:8000/echo")
	case strings.HasPrefix(raw, ":"):
		return fmt.Errorf("URL %q has no scheme and no host: did you mean ws://localhost%s?", raw, raw)
	case !ok || !strings.HasPrefix(rest, "//") && !unix:
		return fmt.Errorf("URL %q has no scheme: did you mean ws://%s?", raw, raw)
	}
	switch strings.ToLower(scheme) {
	case "ws", "wss", "http", "https", "ws+unix", "wss+unix":
	default:
		return fmt.Errorf("URL with scheme %q: want ws:// or wss://, or ws+unix:// for a unix socket", scheme)
	}
	u, err := url.Parse(raw)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL may contain a password
	}
	switch {
	case err != nil:
		return fmt.Errorf("malformed URL: %w", err)
	case u.Hostname() == "" && !unix:
		return fmt.Errorf("URL %q has no host: did you mean ws://localhost?", raw)
	case strings.Contains(raw, "#"):
		return errors.New("a WebSocket URL has no fragment (RFC 6455 §3): write %23 for a # in it")
	}
	return nil
}

// WithoutPassword returns raw as it may be shown.
func WithoutPassword(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Redacted()
}
