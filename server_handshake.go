package websocket

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/transport"
	"github.com/zerowire/websocket/pool"
)

// firstHead is the initial size of the buffer for a request's head, in bytes. The heads
// of most browsers fit.
const firstHead = 1 << 10

// requests is a pool, because only the opening handshake needs the state of the parser.
var requests = sync.Pool{New: func() any { return new(Request) }}

// open performs the opening handshake on nc (RFC 6455 §4.2), and calls Hooks.Refused. c is
// nil if there is no connection to serve: the handshake failed, or the request is no
// opening handshake. full reports that there are too many connections.
func (s *Server) open(nc net.Conn, full bool) (c *Conn, h Handler) {
	r := requests.Get().(*Request)
	r.remote = nc.RemoteAddr()
	defer func() {
		r.reset()
		requests.Put(r)
	}()
	refused := func(err error) (*Conn, Handler) {
		if hook := s.settings.Hooks.Refused; hook != nil {
			hook(r, err)
		}
		return nil, nil
	}
	n, err := s.readHead(nc, r)
	refusal, judged := errors.AsType[codec.Refusal](err)
	switch {
	case err != nil && !judged:
		return refused(refuseUnread(nc, err))
	case s.fallback != nil && refusal != codec.ErrHTTPMajor && (judged || !r.head.IsUpgrade()):
		s.fallback.serve(nc, r.in.B, refusal)
		return nil, nil
	case err == nil:
		h, err = s.judge(r, full)
	}
	if err != nil {
		why := handshakeError(err)
		refuse(nc, appendRefusal(nil, why, string(r.head.Method()) == http.MethodHead))
		return refused(why)
	}
	protocol := selectSubprotocol(s.settings.Subprotocols, &r.head)
	ext := s.settings.Compression.accept(r.head.Extensions())
	if err := accept(nc, r.head.Key(), protocol, ext); err != nil {
		nc.Close()
		return refused(err)
	}
	nc.SetDeadline(time.Time{})
	return newConn(nc, RoleServer, s.settings, protocol, ext, r.in.B[n:], r), h
}

// refuseUnread closes nc, whose head could not be read because of err, and returns the
// error to report. If the client speaks HTTP on a listener of package crypto/tls, it is
// answered without TLS.
func refuseUnread(nc net.Conn, err error) error {
	defer nc.Close()
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || plain.Conn == nil || !startsLikeHTTP(plain.RecordHeader[:]) {
		return err
	}
	why := &HandshakeError{Status: http.StatusBadRequest, Reason: "HTTP on a port for TLS: use wss or https", cause: err}
	refuse(plain.Conn, appendRefusal(nil, why, false))
	return why
}

// startsLikeHTTP reports whether b begins like the method of a request.
func startsLikeHTTP(b []byte) bool {
	for _, c := range b[:3] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// readHead reads from nc until r has a complete head, and returns its size n in bytes.
// The buffer grows with the received bytes.
func (s *Server) readHead(nc net.Conn, r *Request) (n int, err error) {
	r.head.MaxBytes, r.head.MaxLines = s.settings.MaxHeadBytes, s.settings.MaxHeadFields
	for r.in = pool.Get(firstHead); ; {
		if len(r.in.B) == cap(r.in.B) {
			r.in = pool.Grow(r.in, 2*cap(r.in.B))
		}
		k, err := nc.Read(r.in.B[len(r.in.B):cap(r.in.B)])
		r.in.B = r.in.B[:len(r.in.B)+k]
		if k > 0 {
			n, bad := r.head.Parse(r.in.B)
			if bad != codec.ErrShort {
				return n, bad
			}
		}
		if err != nil {
			return 0, err
		}
	}
}

// judge returns the Handler for a request, or the error that refuses it: a violated rule,
// the origin, too many connections, or an error of the application.
func (s *Server) judge(r *Request, full bool) (h Handler, err error) {
	defer catch(s.settings, &err) // OriginFunc
	if err := r.head.Check(s.settings.Subprotocols...); err != nil {
		return nil, err
	}
	if r.head.Origin() != nil {
		if err := s.origins.check(r.head.Origin(), r.Host()); err != nil {
			return nil, err
		}
	}
	if full {
		return nil, codec.ErrTooManyConnections
	}
	return s.admit(r)
}

// admit returns the Handler for a valid request, or the error with which the application
// refuses it.
func (s *Server) admit(r *Request) (Handler, error) {
	if s.Route == nil {
		return s.Handler, nil
	}
	h, err := s.route(r)
	if h == nil && err == nil {
		return nil, &HandshakeError{Status: http.StatusNotFound, Reason: "no such endpoint"}
	}
	return h, err
}

// route calls Route, and recovers from a panic.
func (s *Server) route(r *Request) (h Handler, err error) {
	defer catch(s.settings, &err)
	return s.Route(r)
}

// selectSubprotocol returns the first entry of ours that the client offers, or "".
func selectSubprotocol(ours []string, r *codec.Request) string {
	for _, name := range ours {
		for offered := range r.Subprotocols() {
			if string(offered) == name {
				return name
			}
		}
	}
	return ""
}

// accept sends the response that ends the opening handshake (RFC 6455 §4.2.2).
func accept(nc net.Conn, key []byte, protocol string, ext extension) error {
	out := pool.Get(512)
	defer pool.Put(out)
	var err error
	if out.B, err = codec.AppendResponse(out.B, key, protocol, ext.String()); err != nil {
		return err
	}
	return writeAll(nc, out.B)
}

// refuse sends the response to a refused request, and closes the connection, because the
// bytes after such a request may not be HTTP.
func refuse(nc net.Conn, response []byte) {
	defer nc.Close()
	if err := writeAll(nc, response); err != nil || !transport.CloseWrite(nc) {
		return
	}
	drain(nc, make([]byte, 512))
}
