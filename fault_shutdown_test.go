package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestShutdownWaitsForHooks has Hooks.Closed take its time, called by somebody else
// than the Shutdown that ends meanwhile: in good order, or because its context does.
func TestShutdownWaitsForHooks(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(background)
	cancel()
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		ended func(srv *websocket.Server, nc net.Conn) // begins what leads to the hook
		want  error
	}{
		{"the peer is gone", background, func(_ *websocket.Server, nc net.Conn) { nc.Close() }, nil},
		{"the peer is gone, and the context over", over, func(_ *websocket.Server, nc net.Conn) { nc.Close() }, context.Canceled},
		{"the server is closed", background, func(srv *websocket.Server, _ net.Conn) { go srv.Close() }, nil},
		{"the server is closed, and the context over", over, func(srv *websocket.Server, _ net.Conn) { go srv.Close() }, context.Canceled},
	} {
		for form, h := range forms {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				t.Parallel()
				entered := make(chan struct{})
				var told atomic.Bool
				srv := &websocket.Server{Handler: h}
				srv.Options.Hooks.Closed = func(*websocket.Conn, error) {
					close(entered)
					time.Sleep(100 * time.Millisecond)
					told.Store(true)
				}
				nc := upgraded(t, serve(t, srv))
				wantEchoOn(t, nc, "open")
				tt.ended(srv, nc)
				<-entered
				if err := srv.Shutdown(tt.ctx); err != tt.want {
					t.Errorf("Shutdown() = %v, want %v", err, tt.want)
				}
				if !told.Load() {
					t.Error("Shutdown() has returned before Hooks.Closed has")
				}
			})
		}
	}
}

// TestShutdownIsNotHeldUpByAStuckHook has a hook that does not return before Shutdown
// does, whose context is over.
func TestShutdownIsNotHeldUpByAStuckHook(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"of a connection that ends": true, "of connections that Shutdown closes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered, release := make(chan struct{}, 3), make(chan struct{})
			defer close(release)
			srv := &websocket.Server{Handler: forms["events"]}
			srv.Options.Hooks.Closed = func(*websocket.Conn, error) {
				entered <- struct{}{}
				<-release
			}
			addr := serve(t, srv)
			var ncs []net.Conn
			for range cap(entered) {
				ncs = append(ncs, upgraded(t, addr))
			}
			if ends {
				ncs[0].Close()
				<-entered
			}
			ctx, cancel := context.WithCancel(background)
			cancel()
			if err := srv.Shutdown(ctx); err != context.Canceled {
				t.Errorf("Shutdown() = %v, want context.Canceled", err)
			}
			for _, nc := range ncs {
				nc.SetReadDeadline(time.Now().Add(20 * time.Second))
				if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("a connection was not closed")
				}
			}
		})
	}
}

// servings are the ways for a Server to get its connections.
var servings = map[string]func(t *testing.T, srv *websocket.Server) (addr string){
	"Serve":     func(t *testing.T, srv *websocket.Server) string { return serve(t, srv) },
	"ServeHTTP": func(t *testing.T, srv *websocket.Server) string { return behindHTTP(t, srv)[len("ws://"):] },
	"Upgrade": func(t *testing.T, srv *websocket.Server) string {
		return behindHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { srv.Upgrade(w, r) }))[len("ws://"):]
	},
}

// TestShutdownBehindAHookThatCloses has a Shutdown begin when Hooks.Opened has cut the
// last connection, which does not count as open yet.
func TestShutdownBehindAHookThatCloses(t *testing.T) {
	for name, serving := range servings {
		t.Run(name, func(t *testing.T) {
			srv := &websocket.Server{Handler: forms["events"]}
			ctx, cancel := context.WithTimeout(background, 10*time.Second)
			defer cancel()
			done := make(chan error, 1)
			srv.Options.Hooks.Opened = func(c *websocket.Conn, _ *websocket.Request) {
				c.CloseNow()
				go func() { done <- srv.Shutdown(ctx) }()
				for srv.Serve(closedListener{}) != websocket.ErrServerClosed { // it has begun then
					time.Sleep(time.Millisecond)
				}
			}
			_, _, nc := send(t, serving(t, srv), goodRequest)
			nc.Close()
			if err := <-done; err != nil {
				t.Errorf("Shutdown() = %v, want nil: no connection is open", err)
			}
		})
	}
}

// closedListener accepts nothing.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }

// TestHookThatClosesAtOnce has Hooks.Opened cut every connection: none counts as open
// for longer than it is.
func TestHookThatClosesAtOnce(t *testing.T) {
	for name, serving := range servings {
		t.Run(name, func(t *testing.T) {
			srv := &websocket.Server{Handler: forms["events"], MaxConns: 1}
			srv.Options.Hooks.Opened = func(c *websocket.Conn, _ *websocket.Request) { c.CloseNow() }
			addr := serving(t, srv)
			for range 3 {
				// The next one may come before the last one is forgotten.
				for start := time.Now(); ; time.Sleep(time.Millisecond) {
					resp, _, nc := send(t, addr, goodRequest)
					nc.Close()
					if resp.StatusCode == http.StatusSwitchingProtocols {
						break
					}
					if time.Since(start) > 10*time.Second {
						t.Fatalf("the next connection gets %d, want 101", resp.StatusCode)
					}
				}
			}
			ctx, cancel := context.WithTimeout(background, 10*time.Second)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown() = %v, want nil: no connection is open", err)
			}
		})
	}
}
