package main

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

func TestToken(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(map[string]string{"tok-1": "ann", "tok-2": "bob"})
	go srv.Serve(ln)
	defer srv.Close()

	for _, tt := range []struct {
		name    string
		offered []string
		user    string
		status  int // of the refusal
	}{
		{"ann", []string{"echo.v1", "bearer.tok-1"}, "ann", 0},
		{"token first", []string{"bearer.tok-2", "echo.v1"}, "bob", 0},
		{"wrong token", []string{"echo.v1", "bearer.tok-3"}, "", 401},
		{"no token", []string{"echo.v1"}, "", 401},
		{"empty token", []string{"echo.v1", "bearer."}, "", 401},
		{"token alone", []string{"bearer.tok-1"}, "", 400},
		{"nothing", nil, "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), &websocket.DialOptions{
				Options: websocket.Options{Subprotocols: tt.offered},
			})
			if tt.status != 0 {
				if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != tt.status {
					t.Errorf("Dial = %v, want a refusal with %d", err, tt.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			if got := c.Subprotocol(); got != "echo.v1" {
				t.Errorf("sub-protocol %q, want echo.v1", got)
			}
			if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"welcome, " + tt.user, "hello"} {
				if _, p, err := c.Read(ctx); err != nil || string(p) != want {
					t.Fatalf("got %q, %v, want %q", p, err, want)
				}
			}
		})
	}
}
