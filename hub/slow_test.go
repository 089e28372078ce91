package hub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
)

const smallBuffers = 8 << 10

// message returns the n-th of messages that are large enough to fill a socket soon.
func message(n int) string { return fmt.Sprintf("%6d", n) + strings.Repeat("x", 4<<10) }

// numberOf is the other way around.
func numberOf(t *testing.T, message string) (n int) {
	if _, err := fmt.Sscan(message[:6], &n); err != nil {
		t.Fatalf("message %.20q has no number", message)
	}
	return n
}

// TestSlowSubscriber has one subscriber that does not read, beside some that do,
// over TCP. Then it reads.
func TestSlowSubscriber(t *testing.T) {
	const others, rounds = 20, 500
	for _, tt := range []struct {
		name   string
		policy hub.Overflow
		// check looks at what the slow one has got, and says what is wrong.
		check func(got []int, dropped int) string
	}{
		{"DropOldest", hub.DropOldest, func(got []int, dropped int) string {
			for i := len(got) - 1; i > 0 && i > len(got)-12; i-- { // 64 KiB hold more
				if got[i] != rounds-len(got)+i {
					return "the newest messages are not all there"
				}
			}
			return ""
		}},
		{"DropNewest", hub.DropNewest, func(got []int, dropped int) string {
			// The system may make room for later ones in time: it asks a peer whose window is
			// closed again and again.
			for i := range 12 { // 64 KiB hold more
				if i >= len(got) || got[i] != i {
					return "the oldest messages are not all there"
				}
			}
			return ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var dropped atomic.Int64
			slow := tcpPeer(t, smallBuffers)
			h := newHub(t, &hub.Options{Overflow: tt.policy, Dropped: func(c *websocket.Conn, n int) {
				if c != slow.Conn {
					t.Errorf("%d messages to another subscriber were dropped", n)
				}
				dropped.Add(int64(n))
			}})
			subscribe(t, h, slow, "game")
			var peers []*peer
			for range others {
				p := tcpPeer(t, 0)
				subscribe(t, h, p, "*")
				peers = append(peers, p)
			}
			var longest time.Duration
			for i := range rounds {
				start := time.Now()
				publish(t, h, "game", message(i))
				for _, p := range peers {
					p.want(message(i))
				}
				longest = max(longest, time.Since(start))
			}
			if longest > writeTimeout/3 {
				t.Errorf("a message to the others took %v", longest)
			}
			if dropped.Load() == 0 {
				t.Errorf("nothing was dropped: the test has to send more")
			}
			var got []int
			for len(got)+int(dropped.Load()) < rounds {
				got = append(got, numberOf(t, slow.next()))
				if last := len(got) - 1; last > 0 && got[last] <= got[last-1] {
					t.Fatalf("message %d comes behind message %d", got[last], got[last-1])
				}
			}
			if wrong := tt.check(got, int(dropped.Load())); wrong != "" {
				t.Errorf("%s: %d", wrong, got)
			}
			publish(t, h, "game", "next")
			slow.want("next")
			for _, p := range peers {
				p.want("next")
			}
		})
	}
}

// TestDisconnect has one that does not read be told to try again later.
func TestDisconnect(t *testing.T) {
	for _, form := range []string{"nobody reads from it", "the application reads from it"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			var dropped atomic.Int64
			h := newHub(t, &hub.Options{Overflow: hub.Disconnect, Dropped: func(_ *websocket.Conn, n int) { dropped.Add(int64(n)) }})
			slow, other := tcpPeer(t, smallBuffers), tcpPeer(t, 0)
			subscribe(t, h, slow, "game")
			subscribe(t, h, other, "game")
			ended := make(chan error, 1)
			if form != "nobody reads from it" {
				go func() {
					_, _, err := slow.Read(background)
					ended <- err
				}()
			}
			const messages = 300
			for i := range messages {
				publish(t, h, "game", message(i))
				other.want(message(i))
			}
			n := 0
			for {
				ctx, cancel := context.WithTimeout(background, patience)
				_, p, err := slow.client.Read(ctx)
				cancel()
				if err == nil {
					if got := numberOf(t, string(p)); got != n {
						t.Fatalf("message %d is %d", n, got)
					}
					n++
					continue
				}
				closed, ok := errors.AsType[*websocket.CloseError](err)
				if !ok || closed.Err != nil || closed.Code != websocket.StatusTryAgainLater {
					t.Fatalf("Read() after %d messages = %v, want a Close frame with 1013", n, err)
				}
				break
			}
			if n == 0 || n > 100 {
				t.Errorf("the slow one got %d messages of %d before it was closed", n, messages)
			}
			eventually(t, "the others were dropped, and counted", func() int { return n + int(dropped.Load()) }, messages)
			if form != "nobody reads from it" {
				if err := <-ended; err == nil {
					t.Error("Read() = nil, want the end of the connection")
				}
			}
			eventually(t, "it has left the hub", func() bool {
				return errors.Is(h.Subscribe(slow.Conn, "game"), websocket.ErrClosed)
			}, true)
			publish(t, h, "game", "next")
			other.want("next")
		})
	}
}

// TestOneMayBeLarger has a message wait that is larger than all that may.
func TestOneMayBeLarger(t *testing.T) {
	for _, policy := range []hub.Overflow{hub.DropOldest, hub.DropNewest} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			t.Parallel()
			h, p := newHub(t, &hub.Options{Overflow: policy, MaxPending: 100}), tcpPeer(t, smallBuffers)
			subscribe(t, h, p, "a")
			large := strings.Repeat("x", 100<<10)
			publish(t, h, "a", large) // fills the socket
			publish(t, h, "a", large+"waits")
			p.want(large, large+"waits")
		})
	}
}

// TestStreamGoesFirst has the hub wait for a message that the application sends
// in parts.
func TestStreamGoesFirst(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			h, p := newHub(t, nil), transport.peer(t)
			subscribe(t, h, p, "a")
			w, err := p.Writer(background, websocket.OpText)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				publish(t, h, "a", fmt.Sprint(i))
			}
			w.Write([]byte("stream"))
			w.Close()
			p.want("stream", "0", "1", "2", "3", "4")
		})
	}
}

// TestManySilentSubscribers bounds the memory that they cost: what waits is the
// same for all.
func TestManySilentSubscribers(t *testing.T) {
	const silent, rounds = 100, 500
	h := newHub(t, &hub.Options{MaxPending: 256 << 10})
	for range silent {
		ours, theirs := tcpPair(t)
		ours.SetWriteBuffer(smallBuffers)
		theirs.SetReadBuffer(smallBuffers)
		c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
		defer c.CloseNow()
		defer theirs.Close()
		subscribe(t, h, &peer{Conn: c}, "a")
	}
	other := tcpPeer(t, 0)
	subscribe(t, h, other, "a")
	warm := func(from, to int) {
		for i := from; i < to; i++ {
			publish(t, h, "a", message(i))
			other.want(message(i))
		}
	}
	warm(0, 100)
	before := heap()
	warm(100, rounds)
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the heap has grown by %d KiB with %d subscribers that do not read", grown>>10, silent)
	}
}
