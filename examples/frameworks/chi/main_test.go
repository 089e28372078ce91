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
	const limit = 50 * time.Millisecond
	srv := httptest.NewServer(newRouter(limit))
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
		time.Sleep(2 * limit) // the connection outlives the limit of the request
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close: %v", err)
	}

	_, err = websocket.Dial(ctx, srv.URL+"/elsewhere", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != 404 {
		t.Errorf("another path: %v, want a refusal with 404", err)
	}
}
