package h2_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
)

// noise returns n bytes that do not compress, the same for the same n.
func noise(n int) string {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	rng.Read(b)
	return string(b)
}

func TestEcho(t *testing.T) {
	t.Parallel()
	for form, handler := range forms(t, websocket.Options{MaxMessage: 1 << 21, Compression: &websocket.Compression{Takeover: true}}) {
		t.Run(form, func(t *testing.T) {
			s := serve(t, handler)
			tr := newTransport(t, s)
			for _, compressed := range []bool{false, true} {
				t.Run(fmt.Sprintf("compressed=%t", compressed), func(t *testing.T) {
					opts := &websocket.DialOptions{Options: websocket.Options{MaxMessage: 1 << 21}}
					if compressed {
						opts.Compression = &websocket.Compression{Takeover: true}
					}
					c := dial(t, tr, s.wss(), opts)
					if got := c.Extensions() != ""; got != compressed {
						t.Errorf("Extensions() = %q", c.Extensions())
					}
					for _, n := range []int{0, 1, 125, 126, 4096, 65535, 65536, 1 << 20} {
						wantEcho(t, c, websocket.OpBinary, noise(n))
						wantEcho(t, c, websocket.OpText, strings.Repeat("a", n))
					}
					if err := c.Close(4001, "that is all"); err != nil {
						t.Errorf("Close() = %v", err)
					}
				})
			}
			if n := s.conns.Load(); n != 1 {
				t.Errorf("%d TCP connections, want one for both WebSockets", n)
			}
		})
	}
}

func TestManyShareOneConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, &websocket.Server{Handler: echo{}})
	tr := newTransport(t, s)
	var dialed sync.WaitGroup
	for i := range 50 {
		dialed.Go(func() {
			c, err := tr.Dial(t.Context(), s.wss(), nil)
			if err != nil {
				t.Errorf("Dial() = %v", err)
				return
			}
			defer c.CloseNow()
			for range 20 {
				wantEcho(t, c, websocket.OpBinary, noise(1000+i))
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
	dialed.Wait()
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1", n)
	}
}

// TestMoreThanOneConnectionHolds dials more WebSockets at the same time than the server allows
// streams on a connection.
func TestMoreThanOneConnectionHolds(t *testing.T) {
	t.Parallel()
	s := serve(t, &websocket.Server{Handler: echo{}}, func(srv *http.Server) { srv.HTTP2.MaxConcurrentStreams = 10 })
	tr := newTransport(t, s)
	var dialed sync.WaitGroup
	for range 25 {
		dialed.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c, err := tr.Dial(ctx, s.wss(), nil)
			if err != nil {
				t.Errorf("Dial() = %v", err)
				return
			}
			t.Cleanup(func() { c.CloseNow() })
			wantEcho(t, c, websocket.OpText, "hello")
		})
	}
	dialed.Wait()
	if n := s.conns.Load(); n != 3 {
		t.Errorf("%d TCP connections, want 3 of at most 10 streams each", n)
	}
}

// TestCloseCodes closes WebSockets at one end, and reads what arrives at the other one.
func TestCloseCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		close  func(c *websocket.Conn)
		want   websocket.StatusCode // at the other end
		reason string
	}{
		{"code and reason", func(c *websocket.Conn) { c.Close(4321, "enough") }, 4321, "enough"},
		{"no code", func(c *websocket.Conn) { c.Close(websocket.StatusNoStatusReceived, "") }, websocket.StatusNoStatusReceived, ""},
		{"without a Close frame", func(c *websocket.Conn) { c.CloseNow() }, websocket.StatusAbnormalClosure, ""},
	}
	for _, tt := range tests {
		check := func(t *testing.T, err error) {
			t.Helper()
			closed, ok := errors.AsType[*websocket.CloseError](err)
			if got := websocket.CloseStatus(err); got != tt.want || ok && closed.Reason != tt.reason {
				t.Errorf("Read() = %v, want the status %d and the reason %q", err, tt.want, tt.reason)
			}
		}
		t.Run(tt.name+"/by the server", func(t *testing.T) {
			s := serve(t, &websocket.Server{Handler: websocket.Blocking(tt.close)})
			c := dial(t, newTransport(t, s), s.wss(), nil)
			_, _, err := c.Read(t.Context())
			check(t, err)
		})
		t.Run(tt.name+"/by the client", func(t *testing.T) {
			ended := make(chan error, 1)
			s := serve(t, &websocket.Server{Handler: websocket.Blocking(func(c *websocket.Conn) {
				echoOnce(c)
				_, _, err := c.Read(context.Background())
				ended <- err
			})})
			c := dial(t, newTransport(t, s), s.wss(), nil)
			wantEcho(t, c, websocket.OpText, "serving")
			tt.close(c)
			check(t, <-ended)
		})
	}
}

func TestHandshake(t *testing.T) {
	opts := websocket.Options{Subprotocols: []string{"v2", "v1"}, Origins: []string{"https://app.example"}}
	srv := &websocket.Server{Options: opts, MaxConns: 2}
	srv.Route = func(r *websocket.Request) (websocket.Handler, error) {
		switch r.Path() {
		case "/chat":
			return echo{}, nil
		case "/closed":
			return nil, &websocket.HandshakeError{Status: http.StatusForbidden, Reason: "not for you"}
		case "/fields":
			if string(r.Header("X-Token")) != "secret" || string(r.Host()) != "chat.example" {
				return nil, &websocket.HandshakeError{Status: http.StatusTeapot}
			}
			return echo{}, nil
		}
		return nil, nil
	}
	s := serve(t, srv)
	tr := newTransport(t, s)
	tests := []struct {
		name     string
		path     string
		opts     websocket.DialOptions
		status   int // 0 if it is accepted
		protocol string
	}{
		{name: "nothing to agree on", path: "/chat"},
		{name: "sub-protocol", path: "/chat?a=b", opts: websocket.DialOptions{Options: websocket.Options{Subprotocols: []string{"v1", "v2"}}}, protocol: "v2"},
		{name: "allowed origin", path: "/chat", opts: websocket.DialOptions{Header: http.Header{"Origin": {"https://app.example"}}}},
		{name: "other origin", path: "/chat", opts: websocket.DialOptions{Header: http.Header{"Origin": {"https://evil.example"}}}, status: http.StatusForbidden},
		{name: "no such endpoint", path: "/none", status: http.StatusNotFound},
		{name: "refused by Route", path: "/closed", status: http.StatusForbidden},
		{name: "host and fields", path: "/fields", opts: websocket.DialOptions{Host: "chat.example", Header: http.Header{"X-Token": {"secret"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var accepted http.Header
			tt.opts.Accepted = func(h http.Header) error { accepted = h; return nil }
			c, err := tr.Dial(t.Context(), s.wss()+tt.path, &tt.opts)
			if tt.status != 0 {
				refused, ok := errors.AsType[*websocket.HandshakeError](err)
				if !ok || refused.Status != tt.status {
					t.Errorf("Dial() = %v, want the status %d", err, tt.status)
				}
				return
			}
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			defer c.CloseNow()
			if c.Subprotocol() != tt.protocol {
				t.Errorf("Subprotocol() = %q, want %q", c.Subprotocol(), tt.protocol)
			}
			if accepted.Get("Date") == "" {
				t.Errorf("Accepted was given %v", accepted)
			}
			wantEcho(t, c, websocket.OpText, "hello")
			c.Close(websocket.StatusNormalClosure, "")
		})
	}
	t.Run("too many", func(t *testing.T) {
		wantEcho(t, dial(t, tr, s.wss()+"/chat", nil), websocket.OpText, "one")
		wantEcho(t, dial(t, tr, s.wss()+"/chat", nil), websocket.OpText, "two")
		_, err := tr.Dial(t.Context(), s.wss()+"/chat", nil)
		if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusServiceUnavailable {
			t.Errorf("Dial() = %v, want the status 503", err)
		}
	})
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1: a refusal must not end the connection of others", n)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	srv := &websocket.Server{Handler: echo{}}
	s := serve(t, srv)
	tr := newTransport(t, s)
	var conns []*websocket.Conn
	for range 10 {
		c := dial(t, tr, s.wss(), nil)
		wantEcho(t, c, websocket.OpText, "hello")
		conns = append(conns, c)
	}
	ended := make(chan error, len(conns))
	for _, c := range conns {
		go func() {
			_, _, err := c.Read(context.Background())
			ended <- err
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown() = %v", err)
	}
	for range conns {
		if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("Read() = %v, want 1001", err)
		}
	}
	if err := s.Config.Shutdown(ctx); err != nil {
		t.Errorf("http.Server.Shutdown() = %v, want its handlers to have returned", err)
	}
}
