package hub_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestMemberWhosePeerEndsLeaves has members whose handlers have returned, so that nobody
// reads, and whose peers end behind a message that nobody reads: they leave, and Shutdown
// does not wait for them.
func TestMemberWhosePeerEndsLeaves(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(c *websocket.Conn)
	}{
		{"with a Close frame", func(c *websocket.Conn) { c.Close(websocket.StatusNormalClosure, "") }},
		{"without one", func(c *websocket.Conn) { c.CloseNow() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t, nil)
			var srv websocket.Server
			joined := make(chan *websocket.Conn, 1)
			hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c, err := srv.Upgrade(w, r); err == nil {
					h.Join(c, "room", "bob")
					joined <- c
				}
			}))
			defer hs.Close()
			c, err := websocket.Dial(background, hs.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			defer (<-joined).CloseNow()
			if err := c.Write(background, websocket.OpText, []byte("unread")); err != nil {
				t.Fatal(err)
			}
			tt.end(c)
			for limit := time.Now().Add(patience); len(h.Members("room")) > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(limit) {
					t.Fatalf("Members() = %v long after the peer has ended", h.Members("room"))
				}
			}
			ctx, cancel := context.WithTimeout(background, patience)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown() = %v", err)
			}
		})
	}
}
