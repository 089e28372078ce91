package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// cluster is some hubs on one network, in a bubble of testing/synctest.
type cluster struct {
	*network
	t    *testing.T
	hubs []*hub.Hub
}

// inCluster runs f in a bubble, with so many nodes.
func inCluster(t *testing.T, nodes int, f func(*testing.T, *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(time.Hour) }) // whoever sleeps in this bubble wakes up and ends
		c := &cluster{network: &network{}, t: t}
		for range nodes {
			c.add(nil)
		}
		f(t, c)
	})
}

// add adds a node. opts may be nil.
func (c *cluster) add(opts *hub.Options) *hub.Hub {
	c.t.Helper()
	o := hub.Options{}
	if opts != nil {
		o = *opts
	}
	o.Broker = c.node()
	o.MaxPending = 1 << 30
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := newHub(c.t, &o)
	c.hubs = append(c.hubs, h)
	synctest.Wait()
	return h
}

// wantMessages checks what came to a collector once all is at rest.
func wantMessages(c *collector, sentence string, want ...string) {
	c.t.Helper()
	synctest.Wait()
	if got := c.take(); !slices.Equal(got, want) {
		c.t.Fatalf("%s:\n got %q\nwant %q", sentence, got, want)
	}
}

// TestNodesDeliverOnce has everything that can make a message come twice: its own
// node's echo, and patterns that overlap on a connection and on a node.
func TestNodesDeliverOnce(t *testing.T) {
	inCluster(t, 3, func(t *testing.T, c *cluster) {
		var all []*collector
		for _, h := range c.hubs {
			all = append(all,
				newCollector(t, h, "chat.a"),
				newCollector(t, h, "chat.a", "chat.*", "*"),
				newCollector(t, h, "chat.*"))
		}
		deaf := newCollector(t, c.hubs[0], "chat.a.b", "chat", "other.*")
		for i, h := range c.hubs {
			publish(t, h, "chat.a", fmt.Sprint("from ", i))
			for k, one := range all {
				wantMessages(one, fmt.Sprintf("subscriber %d gets what node %d has published", k, i), fmt.Sprint("from ", i))
			}
		}
		if err := c.hubs[1].PublishLocal("chat.a", websocket.OpText, []byte("local")); err != nil {
			t.Fatal(err)
		}
		for k, one := range all {
			if k/3 == 1 {
				wantMessages(one, "on its own node a local message is heard", "local")
			} else {
				wantMessages(one, "and nowhere else")
			}
		}
		wantMessages(deaf, "the patterns of others are not mine")
	})
}

// TestNodesKeepOrder has publishers on all nodes at once.
func TestNodesKeepOrder(t *testing.T) {
	const publishers, messages = 3, 300
	inCluster(t, 3, func(t *testing.T, c *cluster) {
		var all []*collector
		for _, h := range c.hubs {
			all = append(all, newCollector(t, h, "a", "*"), newCollector(t, h, "*"))
		}
		var wg sync.WaitGroup
		for i, h := range c.hubs {
			for k := range publishers {
				wg.Go(func() {
					for m := range messages {
						publish(t, h, "a", fmt.Sprintf("%d.%d %d", i, k, m))
					}
				})
			}
		}
		wg.Wait()
		synctest.Wait()
		for k, one := range all {
			got := one.take()
			next := map[string]int{}
			for _, message := range got {
				var publisher string
				var number int
				fmt.Sscan(message, &publisher, &number)
				if number != next[publisher] {
					t.Fatalf("subscriber %d gets message %d of publisher %s, want %d", k, number, publisher, next[publisher])
				}
				next[publisher]++
			}
			if want := len(c.hubs) * publishers * messages; len(got) != want {
				t.Errorf("subscriber %d gets %d messages, want %d", k, len(got), want)
			}
		}
	})
}

// TestSameOrderForAll has many publish on one node at once: all of its subscribers,
// whoever serves them, see the same order.
func TestSameOrderForAll(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, c *cluster) {
		var all []*collector
		for range 8 {
			all = append(all, newCollector(t, c.hubs[0], "a"))
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for m := range 100 {
					publish(t, c.hubs[i%2], "a", fmt.Sprint(i, " ", m))
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		want := all[0].take()
		for k, one := range all[1:] {
			if got := one.take(); !slices.Equal(got, want) {
				t.Errorf("subscriber %d differs from the first one at message %d", k+1, firstDifference(got, want))
			}
		}
	})
}

func TestLinkDown(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, c *cluster) {
		var log bytes.Buffer
		third := c.add(&hub.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		far, near := newCollector(t, c.hubs[0], "a"), newCollector(t, third, "a")
		c.nodes[2].setCut(true)
		err := third.Publish("a", websocket.OpText, []byte("while it is cut"))
		if failed, ok := errors.AsType[*hub.BrokerError](err); !ok || !errors.Is(err, errCut) {
			t.Fatalf("Publish() = %v, %v; want a *BrokerError that is errCut", err, failed)
		}
		wantMessages(near, "this node gets it", "while it is cut")
		publish(t, c.hubs[1], "a", "elsewhere")
		wantMessages(far, "the others hear each other", "elsewhere")
		wantMessages(near, "and not this node")
		newcomer := newCollector(t, third, "b")
		c.nodes[2].setCut(false)
		publish(t, third, "a", "1")
		synctest.Wait()
		publish(t, c.hubs[0], "a", "2")
		publish(t, c.hubs[0], "b", "3")
		wantMessages(near, "all is as before", "1", "2")
		wantMessages(far, "on both sides", "1", "2")
		wantMessages(newcomer, "also for whoever came meanwhile", "3")
		for _, want := range []string{"lost", "is back", errCut.Error()} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %q:\n%s", want, &log)
			}
		}
	})
}

// TestBrokerIsAskedOnce sees what a hub asks of its broker.
func TestBrokerIsAskedOnce(t *testing.T) {
	inCluster(t, 1, func(t *testing.T, c *cluster) {
		h, b := c.hubs[0], c.nodes[0]
		first, second := pipePeer(t), pipePeer(t)
		for _, p := range []*peer{first, second} {
			subscribe(t, h, p, "a", "a.*", "*", "a")
		}
		h.Unsubscribe(first.Conn, "a")
		h.Unsubscribe(first.Conn, "a")
		first.CloseNow()
		h.Unsubscribe(second.Conn, "a.*")
		h.Leave(second.Conn)
		second.CloseNow()
		got := b.calls[1:] // without the presence's
		if want := []string{"+a", "+a.*", "+*", "-a.*"}; !slices.Equal(got[:4], want) {
			t.Errorf("the broker was asked %q, want %q first", got, want)
		}
		if got := b.subscribed(); len(got) != 0 {
			t.Errorf("in the end %q are subscribed, want none", got)
		}
		b.refuse = errors.New("no")
		third := newCollector(t, h)
		err := h.Subscribe(third.Conn, "a")
		if failed, ok := errors.AsType[*hub.BrokerError](err); !ok || failed.Err != b.refuse {
			t.Errorf("Subscribe() = %v, want a *BrokerError", err)
		}
		publish(t, h, "a", "x")
		wantMessages(third, "after an error nothing is subscribed")
		b.refuse = nil
		subscribe(t, h, third.peer, "a")
		publish(t, h, "a", "y")
		wantMessages(third, "and may be the next time", "y")
	})
}

// TestBrokerFailsToAttach has New fail.
func TestBrokerFailsToAttach(t *testing.T) {
	n := &network{}
	b := n.node()
	b.refuse = errors.New("no")
	_, err := hub.New(&hub.Options{Broker: b})
	if failed, ok := errors.AsType[*hub.BrokerError](err); !ok || failed.Err != b.refuse {
		t.Errorf("New() = %v, want a *BrokerError", err)
	}
}

// TestBrokerFollowsStorm has goroutines subscribe and leave at once: what the
// broker was asked for is what there is in the end.
func TestBrokerFollowsStorm(t *testing.T) {
	n := &network{}
	b := n.node()
	h := newHub(t, &hub.Options{Broker: b})
	patterns := []string{"a", "b", "a.*", "*"}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				p := pipePeer(t)
				for _, pattern := range patterns {
					subscribe(t, h, p, pattern)
				}
				h.Unsubscribe(p.Conn, patterns[i%len(patterns)])
				p.CloseNow()
			}
		})
	}
	wg.Wait()
	if got := b.subscribed(); len(got) != 0 {
		t.Errorf("in the end %q are subscribed, want none", got)
	}
	last := pipePeer(t)
	subscribe(t, h, last, "b")
	if got := b.subscribed(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("%q are subscribed, want b", got)
	}
}

// TestNonsenseFromBroker delivers what no hub has sent.
func TestNonsenseFromBroker(t *testing.T) {
	inCluster(t, 1, func(t *testing.T, c *cluster) {
		var log bytes.Buffer
		h := c.add(&hub.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		r := c.nodes[1].receiver
		one := newCollector(t, h, "*")
		envelope := func(version, op byte, payload string) []byte {
			return append([]byte{version, op, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9}, payload...)
		}
		for name, message := range map[string][]byte{
			"nothing":             nil,
			"a short one":         envelope(1, 1, "")[:17],
			"another version":     envelope(2, 1, "x"),
			"a Ping":              envelope(1, 9, "x"),
			"text that is none":   envelope(1, 1, "\xff"),
			"presence, not JSON":  envelope(1, 0, "{"),
			"presence, a list":    envelope(1, 0, "[]"),
			"presence, no kind":   envelope(1, 0, "{}"),
			"presence, bad parts": envelope(1, 0, `{"kind":"snapshot","changes":9,"part":-1,"parts":-5}`),
			"presence, one part":  envelope(1, 0, `{"kind":"snapshot","changes":9,"part":1,"parts":2000000000}`),
		} {
			for _, topic := range []string{"a", "", "$hub", "..", "*", "a\xff", strings.Repeat("a", 1000)} {
				r.Deliver(topic, bytes.Clone(message))
			}
			wantMessages(one, name+" is not delivered")
		}
		if got := strings.Count(log.String(), "invalid message from the broker"); got != 1 {
			t.Errorf("%d of them were reported, want the first:\n%s", got, &log)
		}
		publish(t, c.hubs[0], "a", "and we go on")
		wantMessages(one, "the hub is well", "and we go on")
	})
}

// TestThousandsOfTopicsBetweenNodes publishes more topics than a hub remembers.
func TestThousandsOfTopicsBetweenNodes(t *testing.T) {
	const topics = 100_000
	if raceEnabled {
		return // takes long, and is one goroutine's work
	}
	inCluster(t, 2, func(t *testing.T, c *cluster) {
		one := newCollector(t, c.hubs[1], "*", "t.*")
		for k := range topics {
			publish(t, c.hubs[0], fmt.Sprint("t.", k), "x")
			if k%1000 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if got := len(one.take()); got != topics {
			t.Errorf("%d messages came, want %d", got, topics)
		}
	})
}
