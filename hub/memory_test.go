package hub_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/pool"
)

// heap returns how many bytes are in use, after a collection.
func heap() int {
	runtime.GC()
	runtime.GC() // and what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestPublishAllocatesNothingPerSubscriber publishes to a thousand over TCP, and
// to one.
func TestPublishAllocatesNothingPerSubscriber(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return // sync.Pool drops at random with -race, and poison books every buffer
	}
	message := []byte(strings.Repeat("again and ", 100))
	var outsider *websocket.Conn
	publish := func(h *hub.Hub) error { return h.Publish("a.b", websocket.OpText, message) }
	for _, tt := range []struct {
		name    string
		agreed  string
		publish func(*hub.Hub) error
		most    float64 // the message, what it is compressed to, and what tells of them
	}{
		{"Publish", "", publish, 2},
		{"Publish, compressed", "permessage-deflate; server_no_context_takeover; client_no_context_takeover", publish, 4},
		{"PublishLocal", "", func(h *hub.Hub) error { return h.PublishLocal("a.b", websocket.OpText, message) }, 2},
		{"PublishExcept", "", func(h *hub.Hub) error {
			return h.PublishExcept("a.b", websocket.OpText, message, outsider)
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts, h := &websocket.Options{PingInterval: -1}, websocket.Handshake{Extensions: tt.agreed}
			frame := frameSize(t, h, opts, message)
			allocations := func(subscribers int) float64 {
				h, a := newHub(t, &hub.Options{Broker: hub.Mute{}, MaxPending: 1 << 20}), newAudience(t, subscribers+1, h, opts)
				outsider = a.conns[subscribers]
				for _, c := range a.conns {
					subscribe(t, h, &peer{Conn: c}, "a.b", "a.*")
				}
				if tt.name != "PublishExcept" {
					h.Leave(outsider)
				}
				sent := int64(0)
				send := func() {
					if err := tt.publish(h); err != nil {
						t.Fatal(err)
					}
					sent += int64(subscribers * frame)
					a.await(sent)
				}
				least := testkit.Allocations(20, tt.most, send)
				if got := a.received.Load(); got != sent {
					t.Errorf("%d subscribers received %d bytes, want %d", subscribers, got, sent)
				}
				return least
			}
			if one, thousand := allocations(1), allocations(1000); one != thousand || one > tt.most {
				t.Errorf("to 1,000 subscribers it allocates %v times, and to 1 %v times; want the same, and %v at most", thousand, one, tt.most)
			}
		})
	}
}

// frameSize returns how many bytes a connection sends for a message.
func frameSize(t *testing.T, h websocket.Handshake, opts *websocket.Options, message []byte) int {
	t.Helper()
	ours, theirs := tcpPair(t)
	defer theirs.Close()
	c := testkit.NewConn(ours, websocket.RoleServer, h, opts)
	if err := c.Write(background, websocket.OpText, message); err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	frame, err := io.ReadAll(theirs)
	if err != nil {
		t.Fatal(err)
	}
	return len(frame)
}

// TestJoinsAndLeavesKeepNothing joins and leaves 100,000 times, in several ways.
func TestJoinsAndLeavesKeepNothing(t *testing.T) {
	const times = 100_000
	for _, tt := range []struct {
		name  string
		times int
		step  func(t *testing.T, h *hub.Hub, p *peer, i int)
	}{
		{"one topic", times, func(t *testing.T, h *hub.Hub, p *peer, i int) {
			join(t, h, p, "a", "name")
			h.Unsubscribe(p.Conn, "a")
		}},
		{"another topic and name each time", times, func(t *testing.T, h *hub.Hub, p *peer, i int) {
			join(t, h, p, fmt.Sprint("a.", i), fmt.Sprint("name ", i))
			subscribe(t, h, p, fmt.Sprint("a.", i, ".*"))
			h.Leave(p.Conn)
		}},
		{"100 names in a topic", times / 100, func(t *testing.T, h *hub.Hub, p *peer, i int) {
			for k := range 100 {
				join(t, h, p, fmt.Sprint("a.", k), fmt.Sprint("name ", i))
			}
			h.Leave(p.Conn)
		}},
		{"another connection each time", times / 10, func(t *testing.T, h *hub.Hub, p *peer, i int) {
			client, server := websocket.Pipe(nil)
			join(t, h, &peer{Conn: server, client: client, t: t}, "a", "name")
			server.CloseNow()
			client.CloseNow()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var events atomic.Int64
			h := newHub(t, &hub.Options{Broker: hub.Mute{}, Presence: func(hub.Event) { events.Add(1) }})
			p := pipePeer(t)
			run := func(n int) {
				for i := range n {
					tt.step(t, h, p, i)
				}
				subscribe(t, h, p, "end")
				publish(t, h, "end", "end")
				p.want("end")
				h.Unsubscribe(p.Conn, "end")
			}
			if raceEnabled {
				tt.times /= 10
			}
			run(tt.times / 2) // what grows to its size, the runtime's timers too, does so now
			before, goroutines := heap(), runtime.NumGoroutine()
			run(tt.times)
			eventually(t, "the goroutines are as before", func() bool { return runtime.NumGoroutine() <= goroutines+2 }, true)
			eventually(t, "the heap is as before", func() bool { return heap()-before < 4<<20 }, true)
			if events.Load() == 0 {
				t.Error("no event has come")
			}
		})
	}
}

// TestTenThousandTopics publishes to each of 10,000 topics, and to all members of
// one of 10,000.
func TestTenThousandTopics(t *testing.T) {
	const topics, peers = 10_000, 20
	h := newHub(t, &hub.Options{MaxPending: 64 << 20})
	var wg sync.WaitGroup
	var all []*peer
	for i := range peers {
		p := tcpPeer(t, 0)
		all = append(all, p)
		for k := i; k < topics; k += peers {
			subscribe(t, h, p, fmt.Sprint("topic.", k))
		}
		subscribe(t, h, p, "everybody")
	}
	for i, p := range all {
		wg.Go(func() {
			for k := i; k < topics; k += peers {
				if got, want := p.next(), fmt.Sprint(k); got != want {
					t.Errorf("peer %d receives %q, want %q", i, got, want)
					return
				}
			}
			if got := p.next(); got != "end" {
				t.Errorf("peer %d receives %q, want end", i, got)
			}
		})
	}
	start := time.Now()
	for k := range topics {
		publish(t, h, fmt.Sprint("topic.", k), fmt.Sprint(k))
	}
	publish(t, h, "everybody", "end")
	wg.Wait()
	t.Logf("%d messages took %v", topics, time.Since(start))
}
