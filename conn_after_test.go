package websocket_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// TestAfterClose ends connections in every way there is.
func TestAfterClose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(c, other *websocket.Conn)
	}{
		{"CloseNow", func(c, other *websocket.Conn) { c.CloseNow() }},
		{"Close", func(c, other *websocket.Conn) {
			go other.Read(background)
			c.Close(websocket.StatusNormalClosure, "")
		}},
		{"the peer closes", func(c, other *websocket.Conn) {
			go other.Close(websocket.StatusNormalClosure, "")
			c.Read(background)
		}},
		{"the peer is gone, and nobody reads", func(c, other *websocket.Conn) { other.CloseNow() }},
		{"the peer is gone, and nothing can be written", func(c, other *websocket.Conn) {
			other.CloseNow()
			for c.Write(background, websocket.OpText, []byte("x")) == nil {
			}
		}},
	} {
		t.Run(tt.name+", TCP", func(t *testing.T) {
			t.Parallel()
			ours, peer := tcpPair(t)
			c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
			wantAfterClose(t, c, testkit.NewConn(peer, websocket.RoleClient, websocket.Handshake{}, nil), tt.end)
		})
		t.Run(tt.name+", memory", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				other, c := websocket.Pipe(nil)
				wantAfterClose(t, c, other, tt.end)
			})
		})
	}
}

// wantAfterClose ends c or other, and wants what is registered with c called once, in
// order.
func wantAfterClose(t *testing.T, c, other *websocket.Conn, end func(c, other *websocket.Conn)) {
	t.Helper()
	defer c.CloseNow()
	defer other.CloseNow()
	called := make(chan int, 10)
	c.AfterClose(func() { called <- 1 })
	c.AfterClose(func() { called <- 2 })
	select {
	case <-called:
		t.Fatal("it was called before the end")
	default:
	}
	end(c, other)
	if first, second := <-called, <-called; first != 1 || second != 2 {
		t.Errorf("they were called in the order %d, %d", first, second)
	}
	c.AfterClose(func() { called <- 3 })
	if got := <-called; got != 3 {
		t.Errorf("after the end %d was called, want 3", got)
	}
	c.CloseNow()
	if len(called) > 0 {
		t.Error("one was called again")
	}
}

// TestAfterCloseStorm registers while the connection ends: each is called once.
func TestAfterCloseStorm(t *testing.T) {
	for range 200 {
		c, other := websocket.Pipe(nil)
		var called, registered atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					registered.Add(1)
					c.AfterClose(func() { called.Add(1) })
				}
			})
		}
		wg.Go(func() { c.CloseNow() })
		wg.Wait()
		other.CloseNow()
		c.CloseNow()
		if called.Load() != registered.Load() {
			t.Fatalf("%d functions were called, want %d", called.Load(), registered.Load())
		}
	}
}

// TestAfterCloseBesideServer has the server's own bookkeeping stay right, which
// hangs on the same end.
func TestAfterCloseBesideServer(t *testing.T) {
	registered, ended := make(chan struct{}), make(chan struct{}, 1)
	var srv websocket.Server
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := srv.Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		c.AfterClose(func() { ended <- struct{}{} })
		close(registered)
		c.Read(background)
	}))
	defer web.Close()
	c, err := websocket.Dial(background, web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	go c.Read(background)
	<-registered
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown() = %v, want nil: the connection has ended", err)
	}
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("what was registered is not called")
	}
}
