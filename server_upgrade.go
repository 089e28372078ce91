package websocket

import (
	"net/http"

	"github.com/zerowire/websocket/codec"
)

// Upgrade is [Upgrader.Upgrade] with the Server's Options. The connection belongs to the
// Server: MaxConns limits it, and [Server.Shutdown] and [Server.Close] end it. Handler
// and Route are not called. The caller has to read the connection and to close it. During
// and after a Shutdown, Upgrade refuses the request or returns [ErrServerClosed].
func (s *Server) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	s.init()
	c, err := s.upgrade(w, r, func(*Request) error { return nil }, false)
	if err != nil {
		return nil, err
	}
	if !s.opened(nil, c, 1) {
		return nil, ErrServerClosed
	}
	c.watchReading()
	return c, nil
}

// ServeHTTP upgrades a request of net/http, and serves the connection with Handler or
// Route, like a connection that [Server.Serve] has accepted. In the event form it returns
// early, and other goroutines serve the connection. With [Blocking], and over HTTP/2 (RFC
// 8441), it returns when the connection has been closed. ServeHTTP implements
// [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.init()
	var h Handler
	c, err := s.upgrade(w, r, func(req *Request) (err error) {
		h, err = s.admit(req)
		return err
	}, true)
	if err != nil {
		return // the client has been answered
	}
	s.start(nil, c, h)
	awaitStream(c)
}

// upgrade upgrades the request, unless MaxConns or admit refuses it. The connection counts
// as one in its opening handshake until opened is called.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, admit func(*Request) error, blocks bool) (c *Conn, err error) {
	if accepted := s.settings.Hooks.Accepted; accepted != nil && !acceptedBefore(r) {
		accepted(httpAddr(r.RemoteAddr))
	}
	if s.invalid != nil {
		s.settings.Logger.Error("websocket: upgrade", "err", s.invalid)
	}
	counted := false
	defer func() {
		if counted && c == nil { // refused, failed, or a function panicked
			s.leaveUpgrade()
		}
	}()
	u := upgrader{settings: s.settings, origins: s.origins, invalid: s.invalid}
	return u.upgrade(w, r, func(req *Request) error {
		if err := s.enterUpgrade(); err != nil {
			return err
		}
		counted = true
		return admit(req)
	}, blocks)
}

// enterUpgrade counts a connection in its opening handshake. It returns an error if the
// server is closing or full.
func (s *Server) enterUpgrade() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errClosing
	case s.MaxConns > 0 && s.total() >= s.MaxConns:
		return codec.ErrTooManyConnections
	}
	s.upgrading++
	return nil
}

func (s *Server) leaveUpgrade() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upgrading--
	s.settle()
}

var errClosing = &HandshakeError{Status: http.StatusServiceUnavailable, Reason: "the server is shutting down"}
