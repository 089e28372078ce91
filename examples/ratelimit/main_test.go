package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

func TestRate(t *testing.T) {
	const messages = 25
	srv := httptest.NewServer(&server{rate: 100, burst: 5, maxOpen: 1, open: map[string]int{}})
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()

	start := time.Now()
	for range messages {
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	for range messages {
		if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
			t.Fatalf("got %q, %v, want the echo", p, err)
		}
	}
	// 5 at once, and then 20 of 100 per second.
	if took := time.Since(start); took < 190*time.Millisecond {
		t.Errorf("%d messages took %v, want at least 200ms", messages, took)
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	srv := httptest.NewServer(&server{rate: 1000, burst: 1000, maxOpen: 2, open: map[string]int{}})
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dial := func() (*websocket.Conn, error) {
		c, err := websocket.Dial(ctx, srv.URL, nil)
		if err == nil {
			t.Cleanup(func() { c.CloseNow() })
		}
		return c, err
	}
	first, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(); err != nil {
		t.Fatal(err)
	}
	_, err = dial()
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusTooManyRequests {
		t.Fatalf("third connection: %v, want a refusal with 429", err)
	}

	if err := first.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	for { // until the server has found the end
		if _, err = dial(); err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("a connection in place of one that has ended: %v", err)
		}
	}
}
