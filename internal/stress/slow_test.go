package stress_test

import (
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// policies are the values of Overflow.
var policies = []struct {
	name   string
	policy websocket.Overflow
}{
	{"Block", websocket.Block},
	{"DropOldest", websocket.DropOldest},
	{"DropNewest", websocket.DropNewest},
	{"Disconnect", websocket.Disconnect},
}

// TestAttackEchoesThatNobodyReads has peers send messages and read none of the
// echoes: what waits for them is bounded, and they are cut.
func TestAttackEchoesThatNobodyReads(t *testing.T) {
	const size = 16 << 10
	const each = 512 << 10 // bytes of heap: MaxPending, what is being sent, a message; the rest is in the system's buffers
	for _, p := range policies {
		for form, h := range testkit.Echo {
			t.Run(p.name+", "+form, func(t *testing.T) {
				opts := websocket.Options{Overflow: p.policy, WriteTimeout: 500 * time.Millisecond, CloseTimeout: 500 * time.Millisecond}
				attacked(t, &websocket.Server{Handler: h, Options: opts}, func(a *attack) {
					n := scaled(32)
					messages := testkit.Masked(wstest.Binary(make([]byte, size)))
					ncs := a.entered(n)
					var pouring sync.WaitGroup
					for _, nc := range ncs {
						nc.SetWriteDeadline(time.Now().Add(recovery))
						pouring.Go(func() { pour(nc, messages) })
					}
					a.wantHeapWithin(n*each+heapSlack, "with all of them sending")
					pouring.Wait()
					for i, nc := range ncs {
						if _, _, err := lastFrame(nc); isTimeout(err) {
							a.Errorf("peer %d is not cut: %v", i, err)
						}
					}
				})
			})
		}
	}
}

// publisher is a Handler that publishes to all of its connections.
type publisher interface {
	websocket.Handler
	publish(p []byte)
	subscribers() int
}

// loop publishes by writing to one connection after the other.
type loop struct {
	websocket.MessageFunc
	mu    sync.Mutex
	conns map[*websocket.Conn]bool
}

func (l *loop) Open(c *websocket.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = true
}

func (l *loop) Close(c *websocket.Conn, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

func (l *loop) publish(p []byte) {
	m, _ := websocket.Prepare(websocket.OpBinary, p)
	l.mu.Lock()
	conns := slices.Collect(maps.Keys(l.conns))
	l.mu.Unlock()
	for _, c := range conns {
		c.WritePrepared(background, m)
	}
}

func (l *loop) subscribers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// topic publishes with a Hub.
type topic struct {
	websocket.MessageFunc
	hub  *hub.Hub
	open atomic.Int64
}

func (h *topic) Open(c *websocket.Conn) {
	h.hub.Subscribe(c, "news")
	h.open.Add(1)
}

func (h *topic) Close(*websocket.Conn, error) { h.open.Add(-1) }
func (h *topic) publish(p []byte)             { h.hub.Publish("news", websocket.OpBinary, p) }
func (h *topic) subscribers() int             { return int(h.open.Load()) }

// TestAttackBroadcastsThatSomeDoNotRead publishes to peers of whom some never read.
// Those are cut; the others get every message in its order, and nobody's memory
// grows with what is published.
func TestAttackBroadcastsThatSomeDoNotRead(t *testing.T) {
	silently := websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {})
	for _, p := range policies {
		t.Run(p.name, func(t *testing.T) {
			attackBroadcast(t, p.policy, &loop{MessageFunc: silently, conns: map[*websocket.Conn]bool{}})
		})
	}
	for name, policy := range map[string]hub.Overflow{"DropOldest": hub.DropOldest, "DropNewest": hub.DropNewest, "Disconnect": hub.Disconnect} {
		t.Run("hub, "+name, func(t *testing.T) {
			h, err := hub.New(&hub.Options{Overflow: policy, Logger: testkit.Quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			attackBroadcast(t, websocket.Block, &topic{MessageFunc: silently, hub: h})
		})
	}
}

func attackBroadcast(t *testing.T, policy websocket.Overflow, p publisher) {
	const stuck, listeners, size = 10, 4, 16 << 10
	const each = 512 << 10 // bytes of heap: MaxPending, what is being sent, a message; the rest is in the system's buffers
	opts := websocket.Options{Overflow: policy, WriteTimeout: 200 * time.Millisecond}
	attacked(t, &websocket.Server{Handler: p, Options: opts}, func(a *attack) {
		heard := make(chan uint64, listeners)
		for _, nc := range a.entered(stuck + listeners)[stuck:] {
			go hear(nc, heard)
		}
		for p.subscribers() < stuck+listeners { // the handlers open a moment after their peers do
			time.Sleep(time.Millisecond)
		}
		payload := make([]byte, size)
		start := time.Now()
		for n := uint64(1); p.subscribers() > listeners || n < 10; n++ {
			binary.BigEndian.PutUint64(payload, n)
			p.publish(payload)
			for range listeners {
				if got := <-heard; got != n {
					a.Fatalf("a peer that reads got message %d, want %d", got, n)
				}
			}
			if n%200 == 0 {
				a.wantHeapWithin((stuck+listeners)*each+heapSlack, "while some do not read")
			}
			if time.Since(start) > recovery {
				a.Fatalf("%d peers are connected, want all cut that do not read", p.subscribers()-listeners)
			}
		}
	})
}

// hear reads messages and tells their numbers, 0 at the end.
func hear(nc net.Conn, heard chan<- uint64) {
	for {
		f, _, err := wstest.ReadFrame(nc)
		switch {
		case err != nil:
			select {
			case heard <- 0:
			default: // nobody waits for more
			}
			return
		case f.Opcode.IsData():
			heard <- binary.BigEndian.Uint64(f.Payload)
		}
	}
}

// TestAttackPagesThatNobodyReads has peers ask for pages, beside the sockets, and read
// nothing: they are cut.
func TestAttackPagesThatNobodyReads(t *testing.T) {
	var cut atomic.Int64
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer cut.Add(1)
		for p := make([]byte, 64<<10); ; {
			if _, err := w.Write(p); err != nil {
				return
			}
		}
	})
	srv := &websocket.Server{Handler: testkit.Echo["events"], HTTP: page, Options: websocket.Options{WriteTimeout: 200 * time.Millisecond}}
	attacked(t, srv, func(a *attack) {
		n := scaled(50)
		inParallel(n, func(i int) {
			if nc, err := a.connect(i); err == nil {
				io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			}
		})
		for start := time.Now(); cut.Load() < int64(n); time.Sleep(10 * time.Millisecond) {
			if time.Since(start) > recovery {
				a.Fatalf("%d of %d peers that do not read are cut, want all", cut.Load(), n)
			}
		}
	})
}
