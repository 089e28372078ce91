package hub_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
)

// steady is a peer's connection that takes bytes slowly but steadily until a time, and then
// fast, until it goes silent.
type steady struct {
	net.Conn
	until  time.Time
	silent atomic.Bool
	closed chan struct{}
}

func (s *steady) Read(p []byte) (int, error) {
	if s.silent.Load() {
		<-s.closed
		return 0, net.ErrClosed
	}
	if time.Now().Before(s.until) {
		time.Sleep(20 * time.Millisecond)
		p = p[:min(len(p), 16<<10)]
	}
	return s.Conn.Read(p)
}

func (s *steady) Close() error {
	close(s.closed)
	return s.Conn.Close()
}

// TestSteadyMembersStay publishes a message to a member that needs longer for it than any
// limit, but takes bytes all the time: it stays. Then it takes nothing, and leaves. The
// limits are longer than a busy machine keeps the member from reading.
func TestSteadyMembersStay(t *testing.T) {
	const size, limit, slow = 8 << 20, 4 * time.Second, 6 * time.Second
	for _, tt := range []struct {
		name string
		opts websocket.Options
		last string // published when the peer has gone silent
	}{
		{"WriteTimeout", websocket.Options{WriteTimeout: limit}, strings.Repeat("y", size)},
		// The Ping waits behind the message, and its Pong comes after it.
		{"PongTimeout", websocket.Options{WriteTimeout: writeTimeout, PingInterval: 100 * time.Millisecond, PongTimeout: limit}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			tt.opts.Hooks.Closed = func(_ *websocket.Conn, err error) { ended <- err }
			ours, theirs := tcpPair(t)
			ours.SetWriteBuffer(64 << 10)
			theirs.SetReadBuffer(64 << 10)
			far := &steady{Conn: theirs, until: time.Now().Add(slow), closed: make(chan struct{})}
			p := &peer{
				Conn:   testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &tt.opts),
				client: testkit.NewConn(far, websocket.RoleClient, websocket.Handshake{}, &websocket.Options{MaxMessage: -1}),
				t:      t,
			}
			p.closeAtEnd()
			fast := tcpPeer(t, 0)
			fast.client.SetMaxMessage(-1)

			h := newHub(t, &hub.Options{Dropped: func(c *websocket.Conn, n int) {
				if c != p.Conn || tt.last == "" {
					t.Errorf("%d messages were dropped", n)
				}
			}})
			join(t, h, p, "room", "steady")
			join(t, h, fast, "room", "fast")
			large := strings.Repeat("x", size)
			publish(t, h, "room", large)
			fast.want(large)
			p.want(large)
			if left := time.Until(far.until); left > 0 {
				t.Fatalf("the message has come %v before its time: the test has to send more", left)
			}
			go p.client.Read(background) // and answers Pings
			time.Sleep(2 * tt.opts.PingInterval)
			wantMembers(t, h, "room", "fast", "steady")

			far.silent.Store(true)
			if tt.last != "" {
				publish(t, h, "room", tt.last)
				fast.want(tt.last)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, websocket.ErrTimeout) {
					t.Errorf("the member has ended with %v, want ErrTimeout", err)
				}
			case <-time.After(patience):
				t.Fatal("the member that takes nothing has not ended")
			}
			eventually(t, "members", func() int { return len(h.Members("room")) }, 1)
		})
	}
}
