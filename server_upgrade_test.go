package websocket_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
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

// TestShutdownOfUpgraded: the connections that an application reads itself end
// with the Server that upgraded them, too.
func TestShutdownOfUpgraded(t *testing.T) {
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
	ctx, cancel := context.WithTimeout(background, 10*time.Second)
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
