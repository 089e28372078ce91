package hub_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// dropping makes a hub that counts what is dropped, and keeps much.
func dropping(t *testing.T) (*hub.Hub, *atomic.Int64) {
	t.Helper()
	dropped := new(atomic.Int64)
	return newHub(t, &hub.Options{MaxPending: 1 << 30, Dropped: func(_ *websocket.Conn, n int) { dropped.Add(int64(n)) }}), dropped
}

// pairedPeer is pipePeer with options.
func pairedPeer(t *testing.T, opts *websocket.Options) *peer {
	p := &peer{t: t}
	p.client, p.Conn = websocket.Pipe(opts)
	p.closeAtEnd()
	return p
}

// TestWhatWaitsIsDroppedWithItsConnection has messages wait for an open Writer, the
// first of them in the hub's hand, until the connection is lost.
func TestWhatWaitsIsDroppedWithItsConnection(t *testing.T) {
	const messages = 200 // some batches
	synctest.Test(t, func(t *testing.T) {
		h, dropped := dropping(t)
		p := pipePeer(t)
		subscribe(t, h, p, "a")
		if _, err := p.Writer(background, websocket.OpText); err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			publish(t, h, "a", fmt.Sprint(i))
		}
		synctest.Wait() // it waits, and does not try again and again
		if got := dropped.Load(); got != 0 {
			t.Errorf("%d messages were dropped while the connection was there", got)
		}
		p.CloseNow()
		synctest.Wait()
		if got := dropped.Load(); got != messages {
			t.Errorf("%d messages were dropped with the connection, want %d", got, messages)
		}
	})
}

// TestConnectionOverflows has a connection be cut by its own Overflow while messages
// wait for it.
func TestConnectionOverflows(t *testing.T) {
	const messages, large = 20, 1 << 20
	synctest.Test(t, func(t *testing.T) {
		h, dropped := dropping(t)
		p := pairedPeer(t, &websocket.Options{Overflow: websocket.Disconnect, MaxPending: 1})
		subscribe(t, h, p, "a")
		for range messages {
			publish(t, h, "a", strings.Repeat("x", large))
		}
		synctest.Wait()
		var err error
		for i := 0; err == nil && i < messages; i++ {
			err = p.Queue(background, websocket.OpBinary, []byte("mine"))
		}
		wantErr(t, "Queue to one that takes nothing", err, websocket.ErrOverflow)
		synctest.Wait()
		if got := dropped.Load(); got < messages-2 || got > messages {
			t.Errorf("%d messages were dropped with the connection, want those of %d that it had not taken", got, messages)
		}
	})
}

// TestConnectionDropsNewest has a connection refuse a message by its own Overflow:
// others were faster to write when a Writer was closed.
func TestConnectionDropsNewest(t *testing.T) {
	const others, large = 10, 1 << 20
	for try := 0; ; try++ {
		refused := false
		synctest.Test(t, func(t *testing.T) {
			h, dropped := dropping(t)
			p := pairedPeer(t, &websocket.Options{Overflow: websocket.DropNewest, MaxPending: 1})
			subscribe(t, h, p, "a")
			w, err := p.Writer(background, websocket.OpText)
			if err != nil {
				t.Fatal(err)
			}
			publish(t, h, "a", "refused")
			publish(t, h, "a", "next")
			var writing sync.WaitGroup
			for range others {
				writing.Go(func() { p.Write(background, websocket.OpBinary, make([]byte, large)) })
			}
			synctest.Wait()
			go w.Close()
			synctest.Wait()
			refused = dropped.Load() == 1
			var last string
			for last != "next" {
				last = p.next()
				if refused && last == "refused" {
					t.Error("a message came that was dropped")
				}
			}
			writing.Wait()
			if got := dropped.Load(); got > 1 {
				t.Errorf("%d messages were dropped, want 1 at most", got)
			}
		})
		switch {
		case refused || t.Failed():
			return
		case try == 100:
			t.Fatal("the hub was first each time: the test needs more others")
		}
	}
}

// TestKeepsOrderWhenBehind has much wait that a connection takes piece by piece.
func TestKeepsOrderWhenBehind(t *testing.T) {
	const messages = 500
	for name, p := range map[string]*peer{"memory": pipePeer(t), "TCP": tcpPeer(t, 64<<10)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dropped := dropping(t)
			subscribe(t, h, p, "a")
			for i := range messages {
				publish(t, h, "a", message(i))
			}
			for i := range messages {
				if got := numberOf(t, p.next()); got != i {
					t.Fatalf("message %d is %d", i, got)
				}
			}
			if got := dropped.Load(); got != 0 {
				t.Errorf("%d messages were dropped", got)
			}
		})
	}
}
