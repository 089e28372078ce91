package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

func TestEcho(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	interrupted, interrupt := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run(interrupted, ln) }()

	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, want := range []struct {
		op      websocket.Opcode
		message string
	}{
		{websocket.OpText, "Hello"},
		{websocket.OpBinary, "\x00\xff"},
		{websocket.OpText, ""},
	} {
		if err := c.Write(ctx, want.op, []byte(want.message)); err != nil {
			t.Fatal(err)
		}
		op, p, err := c.Read(ctx)
		if err != nil || op != want.op || string(p) != want.message {
			t.Errorf("got %v %q, %v, want %v %q", op, p, err, want.op, want.message)
		}
	}

	interrupt()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("after the interrupt: %v, want a Close frame with 1001", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
