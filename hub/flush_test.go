package hub_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// TestPublishThenClose: what was published to a connection before it is closed is sent
// before the Close frame.
func TestPublishThenClose(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(srv *websocket.Server, c *websocket.Conn)
	}{
		{"Close", func(_ *websocket.Server, c *websocket.Conn) { c.Close(4000, "banned") }},
		{"StartClose", func(_ *websocket.Server, c *websocket.Conn) { c.StartClose(4000, "banned") }},
		{"Shutdown", func(srv *websocket.Server, _ *websocket.Conn) { go srv.Shutdown(background) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const rounds, messages = 20, 30
			var dropped atomic.Int64
			for range rounds {
				h := newHub(t, &hub.Options{Dropped: func(_ *websocket.Conn, n int) { dropped.Add(int64(n)) }})
				var srv websocket.Server
				hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c, err := srv.Upgrade(w, r)
					if err != nil {
						t.Error(err)
						return
					}
					h.Subscribe(c, "news")
					for range messages {
						h.Publish("news", websocket.OpText, []byte("goodbye"))
					}
					tt.end(&srv, c)
				}))
				c, err := websocket.Dial(background, hs.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for err == nil {
					if _, _, err = c.Read(background); err == nil {
						got++
					}
				}
				if e, ok := errors.AsType[*websocket.CloseError](err); !ok || e.Err != nil {
					t.Errorf("the connection ends with %v, want a Close frame", err)
				}
				if got != messages {
					t.Errorf("%d of %d messages arrive before the Close frame", got, messages)
				}
				c.CloseNow()
				srv.Close()
				hs.Close()
			}
			if n := dropped.Load(); n != 0 {
				t.Errorf("%d messages were reported as dropped", n)
			}
		})
	}
}

// TestCloseReportsWhatIsNotSent closes a subscriber whose peer takes nothing.
func TestCloseReportsWhatIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size = 20, 100_000
		dropped := make(chan int, messages)
		h := newHub(t, &hub.Options{MaxPending: 10 * messages * size, Dropped: func(_ *websocket.Conn, n int) { dropped <- n }})
		ours, peer := net.Pipe()
		c, err := websocket.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{CloseTimeout: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		if err := h.Subscribe(c, "news"); err != nil {
			t.Fatal(err)
		}
		for range messages {
			if err := h.Publish("news", websocket.OpBinary, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		c.Close(4000, "banned")
		c.CloseNow()
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("Close() took %v, with a CloseTimeout of 2 s", took)
		}
		synctest.Wait()
		total := 0
		for len(dropped) > 0 {
			total += <-dropped
		}
		if total < messages-1 || total > messages {
			t.Errorf("Dropped was told of %d messages, want all %d but one that may be on its way", total, messages)
		}
	})
}

// TestFlush waits for a subscriber that is behind, and not longer than its context.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, &hub.Options{MaxPending: 10 << 20})
		p := pipePeer(t)
		subscribe(t, h, p, "news")
		for range 5 {
			publish(t, h, "news", string(make([]byte, 100_000)))
		}
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		if err := h.Flush(ctx, p.Conn); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush() of a peer that reads nothing = %v, want the error of its context", err)
		}
		flushed := make(chan error)
		go func() { flushed <- h.Flush(background, p.Conn) }()
		for range 5 {
			if _, _, err := p.client.Read(background); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-flushed; err != nil {
			t.Errorf("Flush() = %v", err)
		}
		if err := h.Flush(background, p.client); err != nil {
			t.Errorf("Flush() of a connection that has not subscribed = %v", err)
		}
	})
}
