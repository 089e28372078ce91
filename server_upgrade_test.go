package websocket_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// behindHTTP serves h with net/http and returns its address as a ws URL.
func behindHTTP(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return "ws" + strings.TrimPrefix(srv.URL, "http")
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(background, url, nil)
	if err != nil {
		t.Fatalf("Dial(%s): %v", url, err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestServerBehindNetHTTP(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			srv := &websocket.Server{Handler: h, MaxConns: 1}
			url := behindHTTP(t, srv)
			c := dial(t, url)
			if err := c.Write(background, websocket.OpText, []byte("Hello")); err != nil {
				t.Fatal(err)
			}
			if _, p, err := c.Read(background); err != nil || string(p) != "Hello" {
				t.Fatalf("Read() = %q, %v, want the echo", p, err)
			}
			if _, err := websocket.Dial(background, url, nil); statusOf(err) != http.StatusServiceUnavailable {
				t.Errorf("Dial above MaxConns = %v, want 503", err)
			}
			wantGoingAway(t, srv, c)
		})
	}
}

// TestPromise29ShutdownOfUpgraded: the connections that an application reads itself end
// with the Server that upgraded them, too.
func TestPromise29ShutdownOfUpgraded(t *testing.T) {
	srv := &websocket.Server{MaxConns: 1}
	url := behindHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := srv.Upgrade(w, r)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for range c.Messages(background) {
		}
	}))
	dial(t, url).CloseNow()
	var c *websocket.Conn
	for c == nil { // until the place of the first one is free
		c, _ = websocket.Dial(background, url, nil)
	}
	t.Cleanup(func() { c.CloseNow() })
	wantGoingAway(t, srv, c)
	if err := dialError(url); err == nil {
		t.Error("Dial after Shutdown succeeded")
	}
}

// statusOf returns the HTTP status that refused an opening handshake.
func statusOf(err error) int {
	if e, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return e.Status
	}
	return 0
}

func dialError(url string) error {
	c, err := websocket.Dial(background, url, nil)
	if c != nil {
		c.CloseNow()
	}
	return err
}

// wantGoingAway shuts srv down and wants c to be told.
func wantGoingAway(t *testing.T, srv *websocket.Server, c *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	down := make(chan error, 1)
	go func() { down <- srv.Shutdown(ctx) }()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("Read() = %v, want status code 1001", err)
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown() = %v", err)
	}
}

func TestServeHTTPAsksRoute(t *testing.T) {
	url := behindHTTP(t, &websocket.Server{
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			if string(r.Header("Cookie")) != "user=me" {
				return nil, &websocket.HandshakeError{Status: http.StatusUnauthorized, Reason: "who are you?"}
			}
			return forms["events"], nil
		},
	})
	if err := dialError(url); statusOf(err) != http.StatusUnauthorized {
		t.Errorf("Dial without a cookie = %v, want 401", err)
	}
	c, err := websocket.Dial(background, url, &websocket.DialOptions{Header: http.Header{"Cookie": {"user=me"}}})
	if err != nil {
		t.Fatalf("Dial with a cookie = %v", err)
	}
	c.Close(websocket.StatusNormalClosure, "")
}

// TestMaxConnsIsExact has many connections ask at the same moment, in every way in
// which a Server gets them. None of those that may open does before all others were
// refused.
func TestMaxConnsIsExact(t *testing.T) {
	const limit, asking = 3, 12
	for name, start := range map[string]func(t *testing.T, srv *websocket.Server) string{
		"Serve":     func(t *testing.T, srv *websocket.Server) string { return "ws://" + serve(t, srv) },
		"ServeHTTP": func(t *testing.T, srv *websocket.Server) string { return behindHTTP(t, srv) },
		"Upgrade": func(t *testing.T, srv *websocket.Server) string {
			return behindHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c, err := srv.Upgrade(w, r); err == nil {
					c.Serve(forms["events"])
				}
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var decided sync.WaitGroup
			decided.Add(asking)
			srv := &websocket.Server{Handler: forms["events"], MaxConns: limit, Options: websocket.Options{Hooks: websocket.Hooks{
				Opened:  func(*websocket.Conn, *websocket.Request) { decided.Done(); decided.Wait() },
				Refused: func(*websocket.Request, error) { decided.Done() },
			}}}
			url := start(t, srv)
			conns, refused := make(chan *websocket.Conn, asking), make(chan error, asking)
			for range asking {
				go func() {
					c, err := websocket.Dial(background, url, nil)
					conns <- c
					refused <- err
				}()
			}
			open := 0
			for range asking {
				c, err := <-conns, <-refused
				if c != nil {
					open++
					defer c.CloseNow()
				}
				if err != nil && statusOf(err) != http.StatusServiceUnavailable {
					t.Errorf("Dial() = %v, want a connection or 503", err)
				}
			}
			if open != limit {
				t.Errorf("%d of %d connections were opened, want MaxConns: %d", open, asking, limit)
			}
		})
	}
}

// TestRefusedUpgradesLeaveTheirPlace: a request that Route refuses, a panic, and a
// ResponseWriter that cannot be hijacked do not count for MaxConns afterwards, nor keep
// Shutdown waiting.
func TestRefusedUpgradesLeaveTheirPlace(t *testing.T) {
	var panics atomic.Bool
	srv := &websocket.Server{
		MaxConns: 1,
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			if r.Path() == "/" {
				return forms["events"], nil
			}
			return nil, nil
		},
		Options: websocket.Options{Logger: quiet, Hooks: websocket.Hooks{Opened: func(c *websocket.Conn, _ *websocket.Request) {
			if panics.Load() {
				c.CloseNow()
				panic("in a hook")
			}
		}}},
	}
	http := httptest.NewUnstartedServer(srv)
	http.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelError)
	http.Start()
	defer http.Close()
	url := "ws" + strings.TrimPrefix(http.URL, "http")
	if err := dialError(url + "/other"); statusOf(err) != 404 {
		t.Errorf("Dial of an endpoint that is none = %v, want 404", err)
	}
	if _, err := srv.Upgrade(httptest.NewRecorder(), newRequest()); err == nil || statusOf(err) != 0 {
		t.Errorf("Upgrade of what cannot be hijacked = %v, want an error that is no refusal", err)
	}
	panics.Store(true)
	if c, err := websocket.Dial(background, url, nil); err == nil {
		if _, _, err := c.Read(background); err == nil {
			t.Error("a connection whose hook panicked goes on")
		}
		c.CloseNow()
	}
	panics.Store(false)
	c, err := websocket.Dial(background, url, nil)
	for start := time.Now(); err != nil && time.Since(start) < patience; time.Sleep(10 * time.Millisecond) { // until the panic has passed
		c, err = websocket.Dial(background, url, nil)
	}
	if err != nil {
		t.Fatalf("Dial() afterwards = %v", err)
	}
	defer c.CloseNow()
	wantGoingAway(t, srv, c)
}
