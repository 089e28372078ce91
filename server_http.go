package websocket

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/transport"
)

// httpFallback serves requests that are no opening handshake with net/http. It also
// serves later requests on the same connection, including opening handshakes.
type httpFallback struct {
	server *http.Server
	conns  handover
	s      *Server
}

func newHTTPFallback(s *Server) *httpFallback {
	f := &httpFallback{s: s, conns: handover{conns: make(chan net.Conn), closed: make(chan struct{})}}
	f.server = &http.Server{
		Handler:           f,
		MaxHeaderBytes:    max(http.DefaultMaxHeaderBytes, s.settings.MaxHeadBytes),
		ReadHeaderTimeout: s.settings.HandshakeTimeout,
		ReadTimeout:       s.settings.MessageTimeout, // without an IdleTimeout also between two requests
		IdleTimeout:       s.settings.IdleTimeout,
		ErrorLog:          slog.NewLogLogger(s.settings.Logger.Handler(), slog.LevelError),
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			return context.WithValue(ctx, replayedKey{}, nc)
		},
	}
	go f.server.Serve(f.conns)
	return f
}

// replayedKey is the key of the *replayed in the context of a request.
type replayedKey struct{}

// acceptedBefore reports whether r was received on a connection of a Server's own
// listener.
func acceptedBefore(r *http.Request) bool { return r.Context().Value(replayedKey{}) != nil }

// ServeHTTP serves a page with Server.HTTP, or an opening handshake.
func (f *httpFallback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	nc := r.Context().Value(replayedKey{}).(*replayed)
	refusal := nc.refusal
	nc.refusal = 0 // it applies to the first request only
	if secured, ok := nc.Conn.(interface{ ConnectionState() tls.ConnectionState }); ok && r.TLS == nil {
		state := secured.ConnectionState()
		r.TLS = &state
	}
	switch {
	case !asksForUpgrade(r.Header):
		f.s.HTTP.ServeHTTP(w, r)
	case refusal != 0:
		err := refuseHTTP(w, r, refusal)
		if hook := f.s.settings.Hooks.Refused; hook != nil {
			hook(&Request{http: r}, err)
		}
	default:
		f.s.ServeHTTP(w, r)
	}
}

// asksForUpgrade reports whether a request asks for WebSocket, even if it is not valid.
func asksForUpgrade(h http.Header) bool {
	lists := func(name, token string) bool {
		return slices.ContainsFunc(h[name], func(list string) bool { return codec.HasToken(list, token) })
	}
	return lists("Upgrade", "websocket") && lists("Connection", "upgrade")
}

// serve transfers ownership of nc to net/http. early holds the bytes that were read from
// nc; it is copied. refusal is the codec's refusal of the request, or 0. It applies only
// if net/http finds that the request asks for an upgrade.
func (f *httpFallback) serve(nc net.Conn, early []byte, refusal codec.Refusal) {
	nc.SetDeadline(time.Time{})
	r := &replayed{Conn: nc, early: bytes.Clone(early), refusal: refusal, writeTimeout: f.s.settings.WriteTimeout}
	select {
	case f.conns.conns <- r:
	case <-f.conns.closed:
		nc.Close()
	}
}

// handover is a net.Listener for connections that another listener has accepted.
type handover struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (h handover) Accept() (net.Conn, error) {
	select {
	case nc := <-h.conns:
		return nc, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. http.Server calls it once.
func (h handover) Close() error   { close(h.closed); return nil }
func (h handover) Addr() net.Addr { return &net.TCPAddr{} }

// replayed is a connection that returns bytes again that were read before. writeTimeout
// limits how long its peer may take no bytes.
type replayed struct {
	net.Conn
	early        []byte
	refusal      codec.Refusal
	writeTimeout time.Duration // 0 for none
}

// original returns the connection below nc if nc is a *replayed, which was hijacked from
// net/http, and early with the bytes that nc has not returned yet.
func original(nc net.Conn, early []byte) (net.Conn, []byte) {
	if r, ok := nc.(*replayed); ok {
		return r.Conn, slices.Concat(early, r.early)
	}
	return nc, early
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.early) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.early)
	r.early = r.early[n:]
	return n, nil
}

// Write limits the time for each piece. The limit of http.Server would apply to a whole
// response of any size.
func (r *replayed) Write(p []byte) (n int, err error) {
	if r.writeTimeout == 0 {
		return r.Conn.Write(p)
	}
	for {
		r.SetWriteDeadline(deadlineIn(r.writeTimeout))
		k, err := r.Conn.Write(p[n:min(n+writePiece, len(p))])
		n += k
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// CloseWrite closes only the sending direction. Handlers that have hijacked the
// connection may call it. net/http calls it before it closes a connection with unread
// bytes.
func (r *replayed) CloseWrite() error {
	if !transport.CloseWrite(r.Conn) {
		return errors.ErrUnsupported
	}
	return nil
}

// writePiece is the number of bytes of a response that the peer has to take in the time
// limit.
const writePiece = 16 << 10
