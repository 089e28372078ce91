package h2_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
	"github.com/zerowire/websocket/internal/leak"
)

// eventually reports whether cond becomes true before patience ends.
func eventually(cond func() bool) bool {
	for start := time.Now(); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			return false
		}
	}
	return true
}

// TestGoroutinesEndWithTheWebSocket ends WebSockets in many ways. Their HTTP/2 connection
// stays open, but all goroutines of the streams end.
func TestGoroutinesEndWithTheWebSocket(t *testing.T) {
	goroutines := []string{"internal/h2stream", "http2.(*clientStream)", "runHandler"}
	count := func(function string) (n int) {
		for g := range strings.SplitSeq(leak.Stacks(), "\n\n") {
			if strings.Contains(g, function) {
				n++
			}
		}
		return n
	}
	ended := func() bool {
		for _, function := range goroutines {
			if count(function) > 0 {
				return false
			}
		}
		return true
	}
	closes := func(c *websocket.Conn) { c.Close(websocket.StatusNormalClosure, "") }
	closeNow := func(c *websocket.Conn) { c.CloseNow() }
	stay := func(c *websocket.Conn) { c.Read(context.Background()) }
	violate := func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.OpBinary, make([]byte, 2000)) // more than MaxMessage
		c.Read(context.Background())
	}
	tests := []struct {
		name           string
		client, server func(c *websocket.Conn) // after a message
	}{
		{"Close of the client", closes, stay},
		{"Close of the server", stay, closes},
		{"CloseNow of the client", closeNow, stay},
		{"CloseNow of the server", stay, closeNow},
		{"too large for the server", violate, stay},
		{"too large for the client", stay, violate},
		{"panic of the handler", stay, func(*websocket.Conn) { panic("a test") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := websocket.Options{MaxMessage: 1000, Logger: slog.New(slog.DiscardHandler)}
			s := serve(t, &websocket.Server{Options: opts, Handler: websocket.Blocking(func(c *websocket.Conn) {
				if echoOnce(c) {
					tt.server(c)
				}
			})})
			tr := newTransport(t, s)
			const opened = 20
			var all sync.WaitGroup
			var conns []*websocket.Conn
			for range opened {
				conns = append(conns, dial(t, tr, s.wss(), &websocket.DialOptions{Options: opts}))
			}
			for _, function := range goroutines {
				if n := count(function); n < opened {
					t.Errorf("%d goroutines with %s, want at least one for each of %d WebSockets", n, function, opened)
				}
			}
			for _, c := range conns {
				all.Go(func() {
					wantEcho(t, c, websocket.OpText, "hello")
					tt.client(c)
				})
			}
			all.Wait()
			for _, c := range conns {
				c.CloseNow()
			}
			if !eventually(ended) {
				t.Errorf("goroutines are left:\n%s", leak.Stacks())
			}
			if n := s.conns.Load(); n != 1 {
				t.Errorf("%d TCP connections, want 1", n)
			}
			wantEcho(t, dial(t, tr, s.wss(), nil), websocket.OpText, "the connection is still open")
			if n := s.conns.Load(); n != 1 {
				t.Errorf("%d TCP connections after another Dial, want 1", n)
			}
		})
	}
}

// TestReservationsAreReleased aborts opening handshakes before the request is sent.
func TestReservationsAreReleased(t *testing.T) {
	t.Parallel()
	s := serve(t, &websocket.Server{Handler: echo{}}, func(srv *http.Server) { srv.HTTP2.MaxConcurrentStreams = 10 })
	tr := newTransport(t, s)
	wantEcho(t, dial(t, tr, s.wss(), nil), websocket.OpText, "hello")
	for range 30 {
		time.Sleep(5 * time.Millisecond) // x/net/http2 releases a reservation in another goroutine
		_, err := tr.Dial(t.Context(), s.wss(), &websocket.DialOptions{Wrap: func(nc net.Conn) net.Conn {
			nc.Close()
			return nc
		}})
		if err == nil {
			t.Fatal("Dial() on a closed connection = nil")
		}
	}
	wantEcho(t, dial(t, tr, s.wss(), nil), websocket.OpText, "hello")
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1", n)
	}
}

// TestIdleConnections ends the last WebSocket of an HTTP/2 connection. Then CloseIdle closes
// the connection, or IdleTimeout passes.
func TestIdleConnections(t *testing.T) {
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		close   func(tr *h2.Transport)
	}{
		{"CloseIdle", 0, func(tr *h2.Transport) { tr.CloseIdle() }},
		{"IdleTimeout", 50 * time.Millisecond, func(*h2.Transport) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var closed atomic.Bool
			s := serve(t, &websocket.Server{Handler: echo{}}, func(srv *http.Server) {
				count := srv.ConnState
				srv.ConnState = func(nc net.Conn, state http.ConnState) {
					count(nc, state)
					closed.Store(state == http.StateClosed)
				}
			})
			tr := newTransport(t, s)
			tr.IdleTimeout = tt.timeout
			c := dial(t, tr, s.wss(), nil)
			tt.close(tr)
			time.Sleep(2 * tt.timeout)
			wantEcho(t, c, websocket.OpText, "still open")
			c.Close(websocket.StatusNormalClosure, "")
			if !eventually(func() bool {
				tt.close(tr)
				return closed.Load()
			}) {
				t.Error("the connection was not closed")
			}
		})
	}
}

// TestAddresses compares the addresses at both ends.
func TestAddresses(t *testing.T) {
	s := serve(t, &websocket.Server{Handler: websocket.Blocking(func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.OpText, fmt.Appendf(nil, "%v %v", c.RemoteAddr(), c.LocalAddr()))
		c.Read(context.Background())
	})})
	c := dial(t, newTransport(t, s), s.wss(), nil)
	_, p, err := c.Read(t.Context())
	if want := fmt.Sprintf("%v %v", c.LocalAddr(), s.Listener.Addr()); err != nil || string(p) != want || c.RemoteAddr().String() != s.Listener.Addr().String() {
		t.Errorf("addresses %q at the server, %v and %v at the client, %v, want %q", p, c.LocalAddr(), c.RemoteAddr(), err, want)
	}
}
