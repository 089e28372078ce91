package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
)

// TestShutdownWaitsForHooks has Hooks.Closed take its time, called by somebody else
// than the Shutdown that ends meanwhile: in good order, or because its context does. Then
// Shutdown waits for a second and no longer, so that this is played in memory, too, where
// the hook takes exactly its time.
func TestShutdownWaitsForHooks(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(srv *websocket.Server, nc net.Conn){
		"the peer is gone":     func(_ *websocket.Server, nc net.Conn) { nc.Close() },
		"the server is closed": func(srv *websocket.Server, _ net.Conn) { go srv.Close() },
	} {
		for form, h := range forms {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				srv, hook := serverWithSlowHook(h)
				nc := upgraded(t, serve(t, srv))
				wantEchoOn(t, nc, "open")
				end(srv, nc)
				hook.wantAwaited(t, srv, background, nil)
			})
			for _, over := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, in memory, context over: %t", name, form, over), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						var want error
						if over {
							cancel()
							want = context.Canceled
						}
						srv, hook := serverWithSlowHook(h)
						ours, peer := pipe.New()
						serveOn(t, srv, listenerOf(ours))
						playClient(peer, nil, atOnce)
						synctest.Wait()
						end(srv, peer)
						hook.wantAwaited(t, srv, ctx, want)
						peer.Close()
					})
				})
			}
		}
	}
}

// slowHook is a Hooks.Closed.
type slowHook struct {
	entered  chan struct{}
	returned atomic.Bool
}

func serverWithSlowHook(h websocket.Handler) (*websocket.Server, *slowHook) {
	hook := &slowHook{entered: make(chan struct{})}
	srv := &websocket.Server{Handler: h}
	srv.Options.Hooks.Closed = func(*websocket.Conn, error) {
		close(hook.entered)
		time.Sleep(100 * time.Millisecond)
		hook.returned.Store(true)
	}
	return srv, hook
}

// wantAwaited shuts srv down when the hook has been entered.
func (hook *slowHook) wantAwaited(t *testing.T, srv *websocket.Server, ctx context.Context, want error) {
	t.Helper()
	<-hook.entered
	if err := srv.Shutdown(ctx); err != want {
		t.Errorf("Shutdown() = %v, want %v", err, want)
	}
	if !hook.returned.Load() {
		t.Error("Shutdown() has returned before Hooks.Closed has")
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
				nc.SetReadDeadline(time.Now().Add(patience))
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
			ctx, cancel := context.WithTimeout(background, patience)
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
				for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
					resp, _, nc := send(t, addr, goodRequest)
					nc.Close()
					if resp.StatusCode == http.StatusSwitchingProtocols {
						break
					}
					if time.Since(start) > patience {
						t.Fatalf("the next connection gets %d, want 101", resp.StatusCode)
					}
				}
			}
			ctx, cancel := context.WithTimeout(background, patience)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown() = %v, want nil: no connection is open", err)
			}
		})
	}
}
