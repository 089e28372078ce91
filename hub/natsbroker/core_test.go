package natsbroker_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

// Three nodes of a cluster: whatever the patterns, each message comes once to
// each other node, in the publisher's order.
func TestEachNodeOnceInOrder(t *testing.T) {
	t.Parallel()
	const each = 300
	servers := cluster(t, 3)
	for _, tt := range []struct {
		name     string
		patterns []string
	}{
		{"exact", []string{"chat.room.1", "chat.room.2"}},
		{"everything", []string{"*"}},
		{"below", []string{"chat.*"}},
		{"overlapping", []string{"chat.room.1", "chat.room.*", "chat.*", "*", "chat.room.2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var brokers []*natsbroker.Broker
			var got []*recorder
			for _, srv := range servers {
				b, r := connect(t, srv, natsbroker.Options{Prefix: "test." + tt.name})
				subscribe(t, b, tt.patterns...)
				brokers, got = append(brokers, b), append(got, r)
			}
			topics := []string{"chat.room.1", "chat.room.2"}
			for i, b := range brokers {
				for j, r := range got {
					if i != j {
						link(t, b, topics[0], r)
						link(t, b, topics[1], r)
					}
				}
			}
			for i := range each {
				for n, b := range brokers {
					for _, topic := range topics {
						publish(t, b, topic, fmt.Sprintf("%d:%d", n, i+1))
					}
				}
			}
			for j, r := range got {
				eventually(t, "everything there", func() bool { return r.count() >= 2*2*each })
				for _, topic := range topics {
					texts := r.on(topic)
					for n := range brokers {
						prefix := fmt.Sprint(n, ":")
						from := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !strings.HasPrefix(text, prefix) })
						want := numbers(prefix, each)
						if n == j {
							want = nil // a node does not get its own
						}
						if !slices.Equal(from, want) {
							t.Errorf("node %d got %d messages of node %d on %s, want %d in order", j, len(from), n, topic, len(want))
						}
					}
				}
				if states := r.told(); len(states) > 0 {
					t.Errorf("node %d was told of the states %v, want none", j, states)
				}
			}
		})
	}
}

func TestTopicsOfAnyKind(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{})
	from, _ := connect(t, srv, natsbroker.Options{})
	to, got := connect(t, srv, natsbroker.Options{})
	topics := []string{"a b", "*a*.>", ">", "100%.%20", "räume.部屋", "$presence", "tab\tand\nline", strings.Repeat("long.", 50) + "end"}
	subscribe(t, to, topics...)
	for _, topic := range topics {
		link(t, from, topic, got)
	}
	subscribe(t, to, "a b.c>.*")
	link(t, from, "a b.c>.d.%", got)
	publish(t, from, "a b.other", "not subscribed")
	publish(t, from, "a b", "last")
	eventually(t, "the last there", func() bool { return got.has(message{"a b", "last"}) })
	if got := got.messages(); len(got) != 1 {
		t.Errorf("got %q, want the last only", got)
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{})
	from, _ := connect(t, srv, natsbroker.Options{})
	to, got := connect(t, srv, natsbroker.Options{})
	subscribe(t, to, "a", "a.*", "end")
	link(t, from, "a", got)
	link(t, from, "a.b", got)
	link(t, from, "end", got)
	if err := errors.Join(to.Unsubscribe("a"), to.Unsubscribe("a.*"), to.Unsubscribe("never")); err != nil {
		t.Fatalf("Unsubscribe() = %v", err)
	}
	// It takes a moment to reach the server: until a message does not come.
	round := 0
	eventually(t, "unsubscribed", func() bool {
		round++
		for _, topic := range []string{"a", "a.b", "end"} {
			publish(t, from, topic, fmt.Sprint(round))
		}
		eventually(t, "the last there", func() bool { return got.has(message{"end", fmt.Sprint(round)}) })
		return !got.has(message{"a", fmt.Sprint(round)}) && !got.has(message{"a.b", fmt.Sprint(round)})
	})
	subscribe(t, to, "a")
	link(t, from, "a", got)
}

func TestTenThousandTopics(t *testing.T) {
	t.Parallel()
	const topics = 10_000
	servers := cluster(t, 2)
	from, _ := connect(t, servers[0], natsbroker.Options{MaxUnsent: 64 << 20})
	to, got := connect(t, servers[1], natsbroker.Options{Lost: func(n uint64, why error) { t.Errorf("Lost(%d, %v)", n, why) }})
	before := runtime.NumGoroutine()
	for i := range topics {
		subscribe(t, to, fmt.Sprint("topic.", i))
	}
	eventually(t, "all linked", func() bool {
		missing := 0
		for i := range topics {
			if m := (message{fmt.Sprint("topic.", i), probe}); !got.has(m) {
				publish(t, from, m.topic, m.text)
				missing++
			}
		}
		return missing == 0
	})
	if n := runtime.NumGoroutine() - before; n > 200 {
		t.Errorf("%d more goroutines with %d topics", n, topics)
	}
	for i := range topics {
		publish(t, from, fmt.Sprint("topic.", i), fmt.Sprint(i))
	}
	eventually(t, "everything there", func() bool { return got.count() >= topics })
	for i, m := range got.messages() {
		if want := (message{fmt.Sprint("topic.", i), fmt.Sprint(i)}); m != want {
			t.Fatalf("message %d is %q, want %q", i, m, want)
		}
	}
	for i := range topics {
		if err := to.Unsubscribe(fmt.Sprint("topic.", i)); err != nil {
			t.Fatal(err)
		}
	}
}

// A hub that does not take its messages costs bounded memory, is told of what it
// loses, and goes on in order when it takes them again.
func TestSlowHub(t *testing.T) {
	t.Parallel()
	const size, limit = 10_000, 1 << 20
	srv := start(t, embedded.Options{})
	var lost atomic.Uint64
	from, _ := connect(t, srv, natsbroker.Options{MaxUnsent: 64 << 20})
	conn := make(chan *nats.Conn, 1)
	slow := &recorder{hold: make(chan struct{})}
	to, got := attach(t, "", natsbroker.Options{
		NATS:           append(srv.ClientOptions(), nats.ConnectHandler(func(nc *nats.Conn) { conn <- nc })),
		MaxUndelivered: limit,
		Lost: func(n uint64, why error) {
			if !errors.Is(why, natsbroker.ErrSlowConsumer) {
				t.Errorf("Lost(%d, %v), want ErrSlowConsumer", n, why)
			}
			lost.Add(n)
		},
	}, slow)
	other, fast := connect(t, srv, natsbroker.Options{})
	subscribe(t, to, "a")
	subscribe(t, other, "a")
	link(t, from, "a", fast)
	const n = 1000 // ten times the limit
	filler := strings.Repeat(".", size-4)
	for i := range n {
		publish(t, from, "a", fmt.Sprintf("%04d%s", i, filler))
	}
	eventually(t, "all there at a hub that is not slow", func() bool { return fast.count() == n })
	nc := <-conn
	eventually(t, "all at the slow hub's client", func() bool { return nc.Stats().InMsgs >= n })
	close(slow.hold)
	eventually(t, "all accounted for", func() bool {
		return lost.Load() > 0 && uint64(got.count())+lost.Load() >= n
	})
	publish(t, from, "a", "9999, the last")
	eventually(t, "the last there", func() bool { return got.has(message{"a", "9999, the last"}) })
	texts := got.on("a")
	if len(texts) > 2*limit/size || len(texts) < limit/size/2 {
		t.Errorf("the slow hub got %d messages of %d bytes, with room for %d bytes", len(texts), size, limit)
	}
	if !slices.IsSorted(texts) {
		t.Error("the slow hub got them out of order")
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{Configure: func(o *server.Options) { o.MaxPayload = 10_000 }})
	b, _ := connect(t, srv, natsbroker.Options{})
	to, got := connect(t, srv, natsbroker.Options{})
	subscribe(t, to, "a")
	link(t, b, "a", got)
	if err := b.Publish("a", make([]byte, 9000)); err != nil {
		t.Errorf("Publish() of 9,000 bytes = %v", err)
	}
	if err := b.Publish("a", make([]byte, 10_000)); !errors.Is(err, natsbroker.ErrTooLarge) {
		t.Errorf("Publish() of 10,000 bytes = %v, want ErrTooLarge", err)
	}
	if err := b.Publish("a..b", nil); !errors.Is(err, natsbroker.ErrTopic) {
		t.Errorf("Publish() to an empty token = %v, want ErrTopic", err)
	}
	if err := b.Subscribe("a..b"); !errors.Is(err, natsbroker.ErrTopic) {
		t.Errorf("Subscribe() with an empty token = %v, want ErrTopic", err)
	}
	if err := b.Attach(new(recorder)); err == nil {
		t.Error("a second Attach() succeeded")
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	for name, err := range map[string]error{
		"Publish": b.Publish("a", nil), "Subscribe": b.Subscribe("a"), "Unsubscribe": b.Unsubscribe("a"),
		"Close": b.Close(), "Attach": b.Attach(new(recorder)),
	} {
		if !errors.Is(err, natsbroker.ErrClosed) {
			t.Errorf("%s() after Close = %v, want ErrClosed", name, err)
		}
	}
}

// What was published before Close arrives.
func TestCloseSends(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]*natsbroker.Stream{"core": nil, "stream": {}} {
		t.Run(name, func(t *testing.T) {
			srv := start(t, embedded.Options{StoreDir: t.TempDir()})
			from, _ := connect(t, srv, natsbroker.Options{Stream: stream})
			to, got := connect(t, srv, natsbroker.Options{Stream: stream})
			subscribe(t, to, "a")
			link(t, from, "a", got)
			for _, text := range numbers("", 300) {
				publish(t, from, "a", text)
			}
			if err := from.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
			eventually(t, "everything there", func() bool { return slices.Equal(got.on("a"), numbers("", 300)) })
		})
	}
}

// Messages of others on our subjects are left alone.
func TestForeignMessages(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{})
	from, _ := connect(t, srv, natsbroker.Options{})
	to, got := connect(t, srv, natsbroker.Options{})
	subscribe(t, to, "*")
	link(t, from, "a", got)
	nc, err := nats.Connect("", srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, m := range []struct{ subject, data string }{{"zerowire.a", "hello"}, {"zerowire.a", ""}, {"zerowire.%zz", "\x01" + strings.Repeat("\x01", 30)}} {
		if err := nc.Publish(m.subject, []byte(m.data)); err != nil {
			t.Fatal(err)
		}
	}
	nc.Flush()
	publish(t, from, "a", "last")
	eventually(t, "the last there", func() bool { return got.has(message{"a", "last"}) })
	if got := got.messages(); len(got) != 1 {
		t.Errorf("got %q, want the last only", got)
	}
}

func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"a b", "a.>", "a..b", ".", "$JS", "100%", "a."} {
		if b, err := natsbroker.Connect("", &natsbroker.Options{Prefix: prefix}); err == nil {
			b.Close()
			t.Errorf("Connect() with Prefix %q succeeded", prefix)
		}
	}
	if b, err := natsbroker.Connect("nats://127.0.0.1:1", nil); !errors.Is(err, nats.ErrNoServers) {
		b.Close()
		t.Errorf("Connect() to nobody = %v, want nats.ErrNoServers", err)
	}
}
