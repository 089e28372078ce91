package reach

import (
	"cmp"
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
