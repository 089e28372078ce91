package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func TestDraining(t *testing.T) {
	const (
		clients = 10
		drain   = 300 * time.Millisecond
	)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "ws://" + ln.Addr().String()
	sigterm, terminate := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run(sigterm, ln, drain) }()

	type end struct {
		code websocket.StatusCode
		at   time.Time
	}
	ends := make(chan end, clients)
	for range clients {
		c, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
			t.Fatalf("got %q, %v, want the echo", p, err)
		}
		go func() {
			_, _, err := c.Read(ctx)
			ends <- end{websocket.CloseStatus(err), time.Now()}
		}()
	}

	terminate()
	var first, last time.Time
	for range clients {
		e := <-ends
		if e.code != codec.StatusServiceRestart {
			t.Errorf("a connection ended with %d, want %d", e.code, codec.StatusServiceRestart)
		}
		if first.IsZero() || e.at.Before(first) {
			first = e.at
		}
		if e.at.After(last) {
			last = e.at
		}
	}
	// Nine of ten intervals lie between the first and the last. A busy machine can delay
	// the first one, so that less is asked for.
	if spread := last.Sub(first); spread < drain/3 {
		t.Errorf("all connections were closed within %v, want them spread over %v", spread, drain)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if c, err := websocket.Dial(ctx, url, nil); err == nil {
		c.CloseNow()
		t.Error("a client could connect after the end")
	}
}
