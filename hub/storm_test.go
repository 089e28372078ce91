package hub_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// TestStorm has goroutines publish to several topics, leaving out some who come and
// go, subscribe, unsubscribe and close, all at once and over both transports. Two things hold for everybody
// meanwhile: what comes of one publisher comes in its order, whatever the topic,
// and nothing comes twice.
func TestStorm(t *testing.T) {
	const publishers, messages, steady, restless = 4, 800, 12, 6
	topics := []string{"a", "b", "a.a", "a.b", "b.c.d"}
	h := newHub(t, &hub.Options{MaxPending: 1 << 30})
	check := func(who string, p *peer, wantAll bool) {
		last := make([]int, publishers)
		for i := range last {
			last[i] = -1
		}
		ended := 0
		for ended < publishers {
			_, got, err := p.client.Read(background)
			if err != nil {
				if wantAll {
					t.Errorf("%s: Read() = %v", who, err)
				}
				return
			}
			var publisher, n int
			if _, err := fmt.Sscan(string(got), &publisher, &n); err != nil {
				t.Errorf("%s gets %q", who, got)
				return
			}
			if n <= last[publisher] || wantAll && n != last[publisher]+1 {
				t.Errorf("%s gets message %d of publisher %d behind message %d", who, n, publisher, last[publisher])
				return
			}
			if last[publisher] = n; n == messages-1 {
				ended++
			}
		}
	}
	var readers, workers sync.WaitGroup
	var there [restless]atomic.Pointer[websocket.Conn]
	for i := range steady {
		p := transports[i%len(transports)].peer(t)
		subscribe(t, h, p, "*")
		if i%3 == 0 {
			subscribe(t, h, p, "a", "a.*", "b.*", "b")
		}
		readers.Go(func() { check(fmt.Sprint("steady peer ", i), p, true) })
	}
	for i := range restless {
		r := rand.New(rand.NewPCG(uint64(i), 2))
		workers.Go(func() {
			for round := range 20 {
				p := transports[(i+round)%len(transports)].peer(t)
				there[i].Store(p.Conn)
				readers.Go(func() { check(fmt.Sprint("restless peer ", i), p, false) })
				for range 40 {
					pattern := append(topics, "*", "a.*", "b.*")[r.IntN(len(topics)+3)]
					switch r.IntN(3) {
					case 0:
						h.Unsubscribe(p.Conn, pattern)
					case 1:
						h.Join(p.Conn, topics[r.IntN(len(topics))], fmt.Sprint(i))
					default:
						subscribe(t, h, p, pattern)
					}
				}
				if round%2 == 0 {
					h.Leave(p.Conn)
				}
				p.CloseNow()
			}
		})
	}
	for i := range publishers {
		workers.Go(func() {
			for n := range messages {
				message := fmt.Sprint(i, " ", n, " ", strings.Repeat("x", n%700))
				if err := h.PublishExcept(topics[n%len(topics)], websocket.OpText, []byte(message), there[n%restless].Load()); err != nil {
					t.Errorf("PublishExcept() = %v", err)
				}
			}
		})
	}
	workers.Wait()
	readers.Wait()
	for _, topic := range topics {
		wantMembers(t, h, topic)
	}
}

// TestPublisherWaits has a node be behind with its deliveries: so many messages wait
// in memory, and then the publisher does.
func TestPublisherWaits(t *testing.T) {
	t.Run("Publish", func(t *testing.T) { testPublisherWaits(t, (*hub.Hub).Publish) })
	t.Run("PublishLocal", func(t *testing.T) { testPublisherWaits(t, (*hub.Hub).PublishLocal) })
}

func testPublisherWaits(t *testing.T, publish func(*hub.Hub, string, websocket.Opcode, []byte) error) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size, limit = 100, 1 << 20, 16 << 20
		goOn := make(chan struct{})
		h := newHub(t, &hub.Options{Overflow: hub.DropNewest, Dropped: func(*websocket.Conn, int) { <-goOn }})
		subscribe(t, h, pipePeer(t), "a") // which reads nothing
		published := 0
		go func() {
			for range messages {
				publish(h, "a", websocket.OpBinary, make([]byte, size))
				published++
			}
		}()
		synctest.Wait()
		const least, most = limit/size - 1, limit/size + 4 // some are with the subscriber
		if published < least || published > most {
			t.Errorf("%d messages were published before Publish has waited, want %d to %d", published, least, most)
		}
		close(goOn)
		synctest.Wait()
		if published != messages {
			t.Errorf("%d messages were published in the end, want %d", published, messages)
		}
	})
}
