package websocket

import (
	"net/http"

	"github.com/zerowire/websocket/codec"
)

// Upgrade is the function Upgrade with the Server's Options, for a connection
// that counts as the Server's: MaxConns bounds it, and Shutdown and Close end it.
// Neither Handler nor Route is asked; what is returned has to be read and closed.
func (s *Server) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	s.init()
	c, err := s.upgrade(w, r, func(*Request) error { return s.room() })
	if err != nil {
		return nil, err
	}
	if !s.opened(nil, c, 1) {
		return nil, ErrServerClosed
	}
	c.watchReader()
	return c, nil
}

// ServeHTTP lets net/http accept the connections: it upgrades the request and
// serves the connection as one that Serve has accepted, with Handler or Route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.init()
	var h Handler
	c, err := s.upgrade(w, r, func(req *Request) (err error) {
		if err = s.room(); err == nil {
			h, err = s.admit(req)
		}
		return err
	})
	if err != nil {
		return // the client has been told
	}
	s.start(nil, c, h)
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, admit func(*Request) error) (*Conn, error) {
	if accepted := s.settings.Hooks.Accepted; accepted != nil {
		accepted(remoteAddr(r.RemoteAddr))
	}
	u := upgrader{settings: s.settings, origins: s.origins}
	c, err := u.upgrade(w, r, admit)
	if refused := s.settings.Hooks.Refused; err != nil && refused != nil {
		refused(remoteAddr(r.RemoteAddr), err)
	}
	return c, err
}

// room reports why there may be no connection more.
func (s *Server) room() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errClosing
	case s.MaxConns > 0 && len(s.opening)+len(s.conns) >= s.MaxConns:
		return codec.ErrTooManyConnections
	}
	return nil
}

var errClosing = &HandshakeError{Status: http.StatusServiceUnavailable, Reason: "the server is shutting down"}
