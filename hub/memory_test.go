package hub_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
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
	allocations := func(subscribers int) float64 {
		h := newHub(t, &hub.Options{Broker: mute{}, MaxPending: 1 << 20})
		message := make([]byte, 512)
		var received atomic.Int64
		for range subscribers {
			ours, theirs := tcpPair(t)
			c := websocket.NewConn(ours, websocket.RoleServer, "", nil, nil)
			defer c.CloseNow()
			defer theirs.Close()
			go c.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}))
			go func() {
				var b [4096]byte
				for {
					n, err := theirs.Read(b[:])
					if err != nil {
						return
					}
					received.Add(int64(n))
				}
			}()
			for _, pattern := range []string{"a.b", "a.*"} {
				if err := h.Subscribe(c, pattern); err != nil {
					t.Fatal(err)
				}
			}
		}
		size := int64(subscribers * (len(message) + 4))
		send := func() {
			h.Publish("a.b", websocket.OpBinary, message)
			for received.Load() < size {
				time.Sleep(100 * time.Microsecond)
			}
			received.Add(-size)
		}
		least := testing.AllocsPerRun(20, send)
		for try := 0; try < 10 && least > 2; try++ { // until a thousand goroutines have settled
			least = min(least, testing.AllocsPerRun(20, send))
		}
		return least
	}
	if one, thousand := allocations(1), allocations(1000); one != thousand || one > 2 {
		t.Errorf("Publish() to 1,000 subscribers allocates %v times, and to 1 %v times; want the same, and 2 at most", thousand, one)
	}
}

// mute is a broker without other nodes.
type mute struct{}

func (mute) Attach(hub.Receiver) error    { return nil }
func (mute) Subscribe(string) error       { return nil }
func (mute) Unsubscribe(string) error     { return nil }
func (mute) Publish(string, []byte) error { return nil }
func (mute) Close() error                 { return nil }

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
			h := newHub(t, &hub.Options{Broker: mute{}, Presence: func(hub.Event) { events.Add(1) }})
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
