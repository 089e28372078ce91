package h2

//lint:file-ignore SA1019 net/http refuses extended CONNECT in its clients, so the deprecated one of x/net is used.

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// plainTime is the time for which the mode Auto uses HTTP/1.1 after a server has not accepted
// WebSockets over HTTP/2.
const plainTime = 5 * time.Minute

// host is one server, identified by address and by the use of TLS.
type host struct {
	dialing    chan struct{} // holds a token while one Dial opens a connection for all
	sessions   []*session    // guarded by Transport.mu
	plainUntil time.Time     // guarded by Transport.mu
}

// session is one HTTP/2 connection.
type session struct {
	conn     *http2.ClientConn
	settings *settingsConn
}

// connect returns the connection for the opening handshake of websocket.Dial: a stream, or a
// connection to a server that has chosen HTTP/1.1. The error is ErrNotSupported if the caller
// must open a connection of HTTP/1.1.
func (t *Transport) connect(ctx context.Context, addr string, secure bool) (net.Conn, error) {
	h := t.host(addr, secure)
	if s, err := t.reserve(h); s != nil || err != nil {
		return t.stream(ctx, s, secure), err
	}
	select {
	case h.dialing <- struct{}{}:
		defer func() { <-h.dialing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s, err := t.reserve(h); s != nil || err != nil { // another Dial has opened a connection in the meantime
		return t.stream(ctx, s, secure), err
	}
	nc, err := t.dial(ctx, addr, secure)
	if err != nil {
		return nil, err
	}
	if conn, ok := nc.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
		t.avoid(h)
		if t.Mode == OnlyHTTP2 {
			nc.Close()
			return nil, ErrNotSupported
		}
		return plainConn{conn}, nil
	}
	s, err := t.open(ctx, nc)
	if err != nil {
		if err == ErrNotSupported {
			t.avoid(h)
		}
		return nil, err
	}
	t.mu.Lock()
	h.sessions = append(h.sessions, s)
	t.mu.Unlock()
	return t.stream(ctx, s, secure), nil
}

// stream returns the stream that reserve or open has reserved on s, or nil for none.
func (t *Transport) stream(ctx context.Context, s *session, secure bool) net.Conn {
	if s == nil {
		return nil
	}
	return newBridge(ctx, s, secure)
}

func (t *Transport) host(addr string, secure bool) *host {
	if !secure {
		addr = "http:" + addr
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hosts[addr]
	if h == nil {
		h = &host{dialing: make(chan struct{}, 1)}
		t.hosts[addr] = h
	}
	return h
}

// reserve reserves a stream on an open connection, and returns nil if none has room. It
// removes connections that have ended.
func (t *Transport) reserve(h *host) (*session, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Mode == Auto && time.Now().Before(h.plainUntil) {
		return nil, ErrNotSupported
	}
	h.sessions = slices.DeleteFunc(h.sessions, func(s *session) bool {
		state := s.conn.State()
		return state.Closed || state.Closing && state.StreamsActive == 0
	})
	for _, s := range h.sessions {
		if s.conn.ReserveNewRequest() {
			return s, nil
		}
	}
	return nil, nil
}

func (t *Transport) avoid(h *host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.plainUntil = time.Now().Add(plainTime)
}

// sessions returns all HTTP/2 connections.
func (t *Transport) sessions() (all []*session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.hosts {
		all = append(all, h.sessions...)
	}
	return all
}

// dial opens a connection and, if secure is set, performs the TLS handshake.
func (t *Transport) dial(ctx context.Context, addr string, secure bool) (net.Conn, error) {
	dial := t.NetDial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, "tcp", addr)
	if err != nil || !secure {
		return nc, err
	}
	config := t.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		name, _, _ := net.SplitHostPort(addr)
		config.ServerName, _, _ = strings.Cut(name, "%") // a zone has no meaning for the server
	}
	config.NextProtos = []string{http2.NextProtoTLS, "http/1.1"}
	if t.Mode == OnlyHTTP2 {
		config.NextProtos = config.NextProtos[:1]
	}
	conn := tls.Client(nc, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		nc.Close()
		if t.Mode == OnlyHTTP2 && strings.HasSuffix(err.Error(), "tls: no application protocol") {
			err = fmt.Errorf("%w: %w", ErrNotSupported, err) // RFC 7301 §3.2
		}
		return nil, err
	}
	return conn, nil
}

// open starts HTTP/2 on nc, waits for settings of the server that allow WebSockets, and
// reserves one stream.
func (t *Transport) open(ctx context.Context, nc net.Conn) (*session, error) {
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	settings := newSettingsConn(nc)
	conn, err := t.http2.NewClientConn(settings)
	if err != nil {
		nc.Close()
		return nil, err
	}
	err = settings.wait(ctx)
	if err == nil && !conn.ReserveNewRequest() {
		err = ErrNotSupported // not even one stream
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &session{conn, settings}, nil
}

// plainConn is a TLS connection to a server that has chosen HTTP/1.1.
type plainConn struct{ *tls.Conn }

// SecuredBelow implements [h2stream.Secured].
func (plainConn) SecuredBelow() {}
