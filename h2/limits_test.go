package h2_test

import (
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// subscribing subscribes each connection to one topic.
type subscribing struct {
	echo
	hub *hub.Hub
}

func (s subscribing) Open(c *websocket.Conn) {
	if err := s.hub.Subscribe(c, "news"); err != nil {
		c.CloseNow()
	}
}

// TestHub publishes to subscribers that share one HTTP/2 connection.
func TestHub(t *testing.T) {
	t.Parallel()
	h, err := hub.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	s := serve(t, &websocket.Server{Handler: subscribing{hub: h}})
	tr := newTransport(t, s)
	var conns []*websocket.Conn
	for range 50 {
		c := dial(t, tr, s.wss(), nil)
		wantEcho(t, c, websocket.OpText, "subscribed")
		conns = append(conns, c)
	}
	for i := range 20 {
		if err := h.Publish("news", websocket.OpBinary, []byte(noise(1000+i))); err != nil {
			t.Fatalf("Publish() = %v", err)
		}
	}
	for _, c := range conns {
		for i := range 20 {
			if _, p, err := c.Read(t.Context()); err != nil || string(p) != noise(1000+i) {
				t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var opened, closed, received atomic.Int32
	opts := websocket.Options{MaxMessage: 1000, Hooks: websocket.Hooks{
		Opened:   func(*websocket.Conn, *websocket.Request) { opened.Add(1) },
		Closed:   func(*websocket.Conn, error) { closed.Add(1) },
		Received: func(*websocket.Conn, websocket.Opcode, int) { received.Add(1) },
	}}
	tests := []struct {
		name string
		send func(c *websocket.Conn) error
		want websocket.StatusCode
	}{
		{"too large", func(c *websocket.Conn) error {
			return c.Write(t.Context(), websocket.OpBinary, make([]byte, 1001))
		}, websocket.StatusMessageTooBig},
		{"much too large", func(c *websocket.Conn) error {
			c.Write(t.Context(), websocket.OpBinary, make([]byte, 8<<20)) // may fail: it is not read to its end
			return nil
		}, websocket.StatusMessageTooBig},
	}
	for form, handler := range forms(t, opts) {
		t.Run(form, func(t *testing.T) {
			s := serve(t, handler)
			tr := newTransport(t, s)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					c := dial(t, tr, s.wss(), nil)
					wantEcho(t, c, websocket.OpText, "hello")
					if err := tt.send(c); err != nil {
						t.Errorf("Write() = %v", err)
					}
					if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != tt.want {
						t.Errorf("Read() = %v, want the status %d", err, tt.want)
					}
				})
			}
		})
	}
	if n := int32(2 * len(forms(t, opts))); opened.Load() != n || closed.Load() != n || received.Load() != n {
		t.Errorf("hooks: %d opened, %d closed, %d messages, want %d each", opened.Load(), closed.Load(), received.Load(), n)
	}
}
