package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

func TestRoom(t *testing.T) {
	srv := httptest.NewServer(newRouter())
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, srv.URL+"/rooms/lobby", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for range 2 {
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "lobby: hello" {
			t.Fatalf("got %q, %v", p, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close: %v", err)
	}

	_, err = websocket.Dial(ctx, srv.URL+"/elsewhere", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != 404 {
		t.Errorf("another path: %v, want a refusal with 404", err)
	}
}

// TestRefused has gin answer a request that is no opening handshake once.
func TestRefused(t *testing.T) {
	w := httptest.NewRecorder()
	newRouter().ServeHTTP(w, httptest.NewRequest("GET", "/rooms/lobby", nil))
	if w.Code != 426 || w.Header().Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("status %d with %v, want 426 with Sec-WebSocket-Version", w.Code, w.Header())
	}
}
