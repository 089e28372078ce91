package websocket

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Server accepts WebSocket connections on net.Listeners, and serves each on a goroutine
// of its own. It parses the opening handshake without net/http. It is also an
// [http.Handler]. Set its fields before the first use, and do not change them afterwards.
// Its methods may be called concurrently.
//
// For TLS, pass a listener of package crypto/tls to [Server.Serve].
type Server struct {
	// Handler serves every connection, unless Route is set.
	Handler Handler

	// Route selects the [Handler] for a valid opening handshake from an allowed origin.
	// r must not be retained. An error refuses the handshake, with the status of a
	// [*HandshakeError], or with 500. If both results are nil, the status is 404. Route
	// is called on the connection's goroutine.
	Route func(r *Request) (Handler, error)

	// HTTP serves requests that do not ask for an upgrade, so that the server can also
	// serve pages. An http.Server calls it, with keep-alive and the limits of net/http.
	// Options.WriteTimeout applies to these requests, MaxConns does not. If HTTP is nil,
	// they are answered with 426, or with 405 if the method is not GET.
	HTTP http.Handler

	// MaxConns limits the number of connections, including those in their opening
	// handshake. Further connections are answered with 503. Default: no limit.
	MaxConns int

	// Options are the settings of all connections.
	Options Options

	once     sync.Once
	settings *settings
	origins  originPolicy
	invalid  error         // reports invalid Options
	fallback *httpFallback // nil without HTTP

	mu        sync.Mutex
	listeners map[*listening]struct{}
	opening   map[*opening]struct{} // in their opening handshake, or refused
	refused   int                   // number of opening that exceed MaxConns, and do not count
	upgrading int                   // number in their opening handshake behind net/http
	conns     map[*Conn]int         // number of parts that have to end: the connection, and its service
	live      int                   // number of conns that have not ended, apart from their services
	closing   bool
	silent    chan struct{} // closed when closing, and all connections have ended
	idle      chan struct{} // closed when their services have ended, too
}

// listening and opening are map keys for values of the user, which need not be comparable.
type (
	listening struct{ net.Listener }
	opening   struct {
		net.Conn
		full bool // it exceeds MaxConns
	}
)

func (s *Server) init() {
	s.once.Do(func() {
		s.settings = s.Options.resolve()
		s.settings.ended = s.ended
		s.origins, s.invalid = s.Options.validate()
		if s.HTTP != nil {
			s.fallback = newHTTPFallback(s)
		}
		s.listeners = map[*listening]struct{}{}
		s.opening = map[*opening]struct{}{}
		s.conns = map[*Conn]int{}
		s.silent = make(chan struct{})
		s.idle = make(chan struct{})
	})
}

// Serve accepts connections on ln until [Server.Shutdown] or [Server.Close], and then
// returns [ErrServerClosed]. It closes ln before it returns. If ln fails, Serve returns
// the error. It logs temporary errors of Accept, and continues after a pause. If Options
// are invalid, or both Handler and Route are nil, Serve returns an error and accepts no
// connection. Serve may be called concurrently for several listeners.
func (s *Server) Serve(ln net.Listener) error {
	s.init()
	defer ln.Close()
	if s.Handler == nil && s.Route == nil {
		return errors.New("websocket: Server has neither Handler nor Route: set one of them")
	}
	if s.invalid != nil {
		return s.invalid
	}
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrServerClosed
	}
	entry := &listening{ln}
	s.listeners[entry] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, entry)
		s.mu.Unlock()
	}()
	for pause := time.Duration(0); ; {
		nc, err := ln.Accept()
		if err == nil {
			pause = 0
			go s.serve(nc)
			continue
		}
		s.mu.Lock()
		closing := s.closing
		s.mu.Unlock()
		if closing {
			return ErrServerClosed
		}
		// For example, the process has no free descriptors until a connection ends.
		if temporary, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](err); !ok || !temporary.Temporary() {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.settings.Logger.Error("websocket: accept", "err", err, "pause", pause)
		time.Sleep(pause)
	}
}

// serve performs the opening handshake on nc, and serves the connection.
func (s *Server) serve(nc net.Conn) {
	defer func() {
		if p := recover(); p != nil { // in a hook
			logPanic(s.settings, p)
			nc.Close()
		}
	}()
	if accepted := s.settings.Hooks.Accepted; accepted != nil {
		accepted(nc.RemoteAddr())
	}
	entry := s.enter(nc)
	if entry == nil {
		nc.Close()
		return
	}
	defer s.leave(entry)
	c, h := s.open(nc, entry.full)
	if c == nil {
		return
	}
	s.start(entry, c, h)
}

// start serves c with h. In the blocking form it returns when c has ended. In the event
// form it returns immediately, and other goroutines serve c.
func (s *Server) start(entry *opening, c *Conn, h Handler) {
	if !s.opened(entry, c, 2) {
		s.served(c)
		return
	}
	if serve, ok := h.(blocking); ok {
		defer s.served(c)
		c.serveBlocking(serve)
		return
	}
	served := &service{c, h, s.served}
	if !served.take() {
		s.served(c) // a hook is closing c
		return
	}
	served.start() // on a new goroutine, without the stack that the opening handshake needed
}

// enter adds nc to the connections in their opening handshake. entry is nil if the server
// is closing.
func (s *Server) enter(nc net.Conn) (entry *opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil
	}
	entry = &opening{nc, s.MaxConns > 0 && s.total() >= s.MaxConns}
	if entry.full {
		s.refused++
	}
	s.opening[entry] = struct{}{}
	nc.SetDeadline(deadlineIn(s.settings.HandshakeTimeout))
	return entry
}

// total returns the number of connections, open or in their opening handshake. One that is
// refused does not count: clients that try again would keep each other out.
func (s *Server) total() int { return len(s.opening) - s.refused + s.upgrading + len(s.conns) }

// opened adds c to the open connections after its opening handshake. entry is that of
// enter, or nil behind net/http. parts is the number of parts that have to end: c itself,
// and its service if there is one. If the server is closing, opened closes c and returns
// false.
func (s *Server) opened(entry *opening, c *Conn, parts int) bool {
	s.mu.Lock()
	if delete(s.opening, entry); entry == nil {
		s.upgrading--
	}
	if c.life.Counted() {
		parts-- // Hooks.Opened has closed it
	} else {
		s.live++
	}
	s.count(c, parts)
	s.settle() // c may have been the last one in its opening handshake, and have ended
	closing := s.closing
	s.mu.Unlock()
	if closing {
		defer c.CloseNow()
		c.Close(StatusGoingAway, "")
	}
	return !closing
}

// ended records that c has ended. Conn.end calls it. If Hooks.Opened closes c, that is
// before opened.
func (s *Server) ended(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.life.Count()
	if s.conns[c] > 0 {
		s.live--
		s.count(c, -1)
		s.settle()
	}
}

// served records that the service of c has ended.
func (s *Server) served(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(c, -1)
	s.settle()
}

// count adds parts to the number of parts of c that have to end.
func (s *Server) count(c *Conn, parts int) {
	if s.conns[c] += parts; s.conns[c] == 0 {
		delete(s.conns, c)
	}
}

func (s *Server) leave(entry *opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry.full {
		s.refused--
	}
	delete(s.opening, entry)
	s.settle()
}

// settle notifies Shutdown when connections have ended.
func (s *Server) settle() {
	if !s.closing || len(s.opening)+s.upgrading > 0 {
		return
	}
	if s.live == 0 {
		closeOnce(s.silent)
	}
	if len(s.conns) == 0 {
		closeOnce(s.idle)
	}
}

// closeOnce closes c, unless it is closed. c carries no values.
func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// Shutdown shuts the server down gracefully. It stops accepting connections, aborts
// opening handshakes, and sends a Close frame with StatusGoingAway to every connection.
// It waits until all connections have ended and their Handlers are done.
//
// If ctx ends first, Shutdown closes the remaining connections immediately, waits at
// most one second for calls of Hooks.Closed, and returns ctx.Err().
func (s *Server) Shutdown(ctx context.Context) error {
	breakOff := func(nc net.Conn) { nc.SetReadDeadline(instant.Past.Time()) } // current responses are completed
	for _, c := range s.stop(breakOff) {
		c.StartClose(StatusGoingAway, "")
	}
	if s.fallback != nil {
		s.fallback.server.Shutdown(ctx)
	}
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		conns := s.stop(func(nc net.Conn) { nc.Close() })
		for _, c := range conns {
			c.out.sendClose(offhand, StatusGoingAway, "") // it may have been opened since
		}
		closeAll(conns)
		if s.fallback != nil {
			s.fallback.server.Close()
		}
		s.awaitHooks()
		return ctx.Err()
	}
}

// hookTime is how long closeAll waits for the hooks of one connection.
const hookTime = 10 * time.Millisecond

// closeAll closes conns immediately, one after the other. If a hook of one blocks, it
// continues with the next.
func closeAll(conns []*Conn) {
	limit := time.NewTimer(hookTime)
	defer limit.Stop()
	for _, c := range conns {
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.CloseNow()
		}()
		limit.Reset(hookTime)
		select {
		case <-done:
		case <-limit.C:
		}
	}
}

// awaitHooks waits until all connections have ended, for at most lingerTime: the hook of
// a connection may block forever.
func (s *Server) awaitHooks() {
	limit := time.NewTimer(lingerTime)
	defer limit.Stop()
	select {
	case <-s.silent:
	case <-limit.C:
	}
}

// Close closes the server and all its connections immediately, without closing
// handshakes. It always returns nil.
func (s *Server) Close() error {
	for _, c := range s.stop(func(nc net.Conn) { nc.Close() }) {
		c.CloseNow()
	}
	if s.fallback != nil {
		s.fallback.server.Close()
	}
	return nil
}

// stop stops accepting, aborts opening handshakes, and returns the open connections.
func (s *Server) stop(breakOff func(net.Conn)) []*Conn {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for ln := range s.listeners {
		ln.Close()
	}
	for nc := range s.opening {
		breakOff(nc.Conn)
	}
	s.settle()
	return slices.Collect(maps.Keys(s.conns))
}
