package websocket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/transport"
	"github.com/zerowire/websocket/pool"
)

// firstHead is the room for a request's head to begin with, in bytes: most
// browsers' fit.
const firstHead = 1 << 10

// requests lends the state of the parser, which only the opening handshake
// needs.
var requests = sync.Pool{New: func() any { return new(Request) }}

// open does the opening handshake on nc (RFC 6455 §4.2). c is nil if there is no
// connection to serve: the handshake failed with err, or the request was none.
// full says that there are too many connections.
func (s *Server) open(nc net.Conn, full bool) (c *Conn, h Handler, err error) {
	r := requests.Get().(*Request)
	in := pool.Get(firstHead)
	defer func() {
		pool.Put(in)
		r.Reset()
		requests.Put(r)
	}()
	var n int
	in, n, err = readHead(nc, r, in)
	if _, refused := errors.AsType[codec.Refusal](err); err != nil && !refused {
		nc.Close()
		return nil, nil, err
	}
	if err == nil && s.fallback != nil && !r.IsUpgrade() {
		s.fallback.serve(nc, in.B)
		return nil, nil, nil
	}
	if err == nil {
		h, err = s.judge(r, full)
	}
	if err != nil {
		refuse(nc, appendError(nil, err))
		return nil, nil, err
	}
	protocol := selectSubprotocol(s.settings.Subprotocols, r)
	ext := s.settings.Compression.accept(r.Extensions())
	if err := accept(nc, r, protocol, ext); err != nil {
		nc.Close()
		return nil, nil, err
	}
	nc.SetDeadline(time.Time{})
	return newConn(nc, RoleServer, s.settings, protocol, ext, in.B[n:]), h, nil
}

// readHead reads from nc until r has a whole head, of n bytes. in grows with
// what has arrived.
func readHead(nc net.Conn, r *Request, in *pool.Buffer) (_ *pool.Buffer, n int, err error) {
	for {
		if len(in.B) == cap(in.B) {
			in = pool.Grow(in, 2*cap(in.B))
		}
		k, err := nc.Read(in.B[len(in.B):cap(in.B)])
		in.B = in.B[:len(in.B)+k]
		if k > 0 {
			n, bad := r.Parse(in.B)
			if bad != codec.ErrShort {
				return in, n, bad
			}
		}
		if err != nil {
			return in, 0, err
		}
	}
}

// judge reports why the request is refused: by the RFC, by its origin, for want
// of room, or by the application.
func (s *Server) judge(r *Request, full bool) (Handler, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if !s.origins.allow(r.Origin(), r.Host()) {
		return nil, codec.ErrOrigin
	}
	if full {
		return nil, codec.ErrTooManyConnections
	}
	return s.admit(r)
}

// admit picks the Handler for a request that is right, or reports why the
// application refuses it.
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

// route calls Route. A panic in it is one connection's fault.
func (s *Server) route(r *Request) (h Handler, err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(s.settings, p)
			err = errPanic
		}
	}()
	return s.Route(r)
}

// selectSubprotocol returns the first of ours that the client offers, or "".
func selectSubprotocol(ours []string, r *Request) string {
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
func accept(nc net.Conn, r *Request, protocol string, ext extension) error {
	out := pool.Get(512)
	defer pool.Put(out)
	var err error
	if out.B, err = codec.AppendResponse(out.B, r.Key(), protocol, ext.String()); err != nil {
		return err
	}
	return writeAll(nc, out.B)
}

// refuse answers a request that is refused and closes the connection: what
// follows it cannot be trusted to be HTTP.
func refuse(nc net.Conn, response []byte) {
	defer nc.Close()
	if err := writeAll(nc, response); err != nil || !transport.CloseWrite(nc) {
		return
	}
	drain(nc, make([]byte, 512))
}

// appendError appends the response for what Route or the codec refused.
func appendError(dst []byte, err error) []byte {
	if refusal, ok := errors.AsType[codec.Refusal](err); ok {
		return codec.AppendRefusal(dst, refusal)
	}
	refused := handshakeError(err)
	return fmt.Appendf(dst, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n",
		refused.Status, http.StatusText(refused.Status), len(refused.Reason)+1, refused.Reason)
}

// handshakeError returns what Route has refused with, fit to be sent: 500 for
// what is no *HandshakeError.
func handshakeError(err error) *HandshakeError {
	refused, ok := errors.AsType[*HandshakeError](err)
	if !ok || refused.Status < 400 || refused.Status > 599 {
		return &HandshakeError{Status: http.StatusInternalServerError, Reason: http.StatusText(http.StatusInternalServerError), cause: err}
	}
	sent := *refused
	sent.Reason, _, _ = strings.Cut(refused.Reason, "\n")
	return &sent
}
