package websocket_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
)

// countedContext is a context that counts the functions which wait for its end.
type countedContext struct {
	context.Context
	waiting *atomic.Int32
}

func (c countedContext) AfterFunc(f func()) (stop func() bool) {
	c.waiting.Add(1)
	end := context.AfterFunc(c.Context, f)
	return func() bool {
		c.waiting.Add(-1)
		return end()
	}
}

// TestContextsAreLetGo has a connection end while reads with contexts begin. None of
// them may hold the connection afterwards.
func TestContextsAreLetGo(t *testing.T) {
	var waiting atomic.Int32
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for range 5000 {
		ours, peer := pipe.New()
		c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
		read := make(chan error)
		go func() {
			_, _, err := c.Read(countedContext{ctx, &waiting})
			read <- err
		}()
		c.CloseNow()
		if err := <-read; err == nil {
			t.Fatal("a read of a closed connection returned no error")
		}
		peer.Close()
	}
	if n := waiting.Load(); n != 0 {
		t.Errorf("%d contexts hold a connection that has ended, want none", n)
	}
}
