package natsbroker_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
	"github.com/zerowire/websocket/internal/wstest"
)

// insist publishes n numbered messages, each as often as it takes.
func insist(t testing.TB, b *natsbroker.Broker, topic, prefix string, n int, pace time.Duration) {
	for _, text := range numbers(prefix, n) {
		for {
			err := b.Publish(topic, []byte(text))
			if err == nil {
				break
			}
			if !errors.Is(err, natsbroker.ErrFull) {
				t.Errorf("Publish(%q) = %v", text, err)
				return
			}
			time.Sleep(time.Millisecond)
		}
		if pace > 0 {
			time.Sleep(pace) // so that the messages span what happens meanwhile
		}
	}
}

// wants checks that texts come once each and in order.
func wants(t testing.TB, name string, r *recorder, topic string, texts []string) {
	t.Helper()
	start := time.Now()
	eventually(t, name+": everything there", func() bool {
		return len(r.on(topic)) >= len(texts) || time.Since(start) > patience-time.Second
	})
	got := r.on(topic)
	for i := range min(len(got), len(texts)) {
		if got[i] != texts[i] {
			t.Fatalf("%s: message %d is %q, want %q", name, i, got[i], texts[i])
		}
	}
	if len(got) != len(texts) {
		t.Fatalf("%s: got %d messages, want %d", name, len(got), len(texts))
	}
}

// The server goes and comes back while messages are published: none is missed,
// none comes twice, all are in order.
func TestStreamSurvivesTheServer(t *testing.T) {
	t.Parallel()
	const n = 1000
	srv := listen(t, embedded.Options{StoreDir: t.TempDir()})
	o := natsbroker.Options{Stream: &natsbroker.Stream{}}
	a, gotA := attach(t, srv.url(), o, new(recorder))
	b, gotB := attach(t, srv.url(), o, new(recorder))
	subscribe(t, a, "b")
	subscribe(t, b, "a", "a.*", "*")
	link(t, a, "a", gotB)
	link(t, b, "b", gotA)
	var publishing sync.WaitGroup
	publishing.Go(func() { insist(t, a, "a", "", n, time.Millisecond) })
	publishing.Go(func() { insist(t, b, "b", "", n, time.Millisecond) })
	for round := range 2 {
		eventually(t, "under way", func() bool { return gotA.count() > 100*(round+1) && gotB.count() > 100*(round+1) })
		srv.Shutdown()
		srv.start()
	}
	publishing.Wait()
	wants(t, "a", gotA, "b", numbers("", n))
	wants(t, "b", gotB, "a", numbers("", n))
}

// A node that was cut off gets what it has missed, in both forms of storage.
func TestStreamReplays(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]*natsbroker.Stream{"file": {}, "memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := listen(t, embedded.Options{StoreDir: t.TempDir()})
			o := natsbroker.Options{Stream: stream}
			from, _ := attach(t, srv.url(), o, new(recorder))
			way := newCable(t, srv.opts.Listen)
			to, got := attach(t, way.url(), o, new(recorder))
			subscribe(t, to, "a.*")
			subscribe(t, to, "a.b")
			link(t, from, "a.b", got)
			insist(t, from, "a.b", "1:", 100, 0)
			eventually(t, "there", func() bool { return got.count() == 100 })
			before := len(got.told()) // on a slow machine the link may have been lost before
			defer func() {
				if t.Failed() {
					t.Logf("told %v, %d of them before the cut", got.told(), before)
				}
			}()
			way.cut(true)
			eventually(t, "told of the cut", func() bool { return !lastOf(got.told()[before:], true) })
			insist(t, from, "a.b", "2:", 500, 0)
			insist(t, from, "c", "not subscribed", 10, 0)
			way.cut(false)
			insist(t, from, "a.b", "3:", 500, 0)
			wants(t, "the one that was cut off", got, "a.b", slices.Concat(numbers("1:", 100), numbers("2:", 500), numbers("3:", 500)))
			eventually(t, "told that it is back", func() bool { return lastOf(got.told()[before:], false) })
			if other := got.on("c"); len(other) > 0 {
				t.Errorf("got %q, without a subscription", other)
			}
		})
	}
}

// lastOf returns the last of what was told, or none if there is nothing: on a slow
// machine the link may be lost more often than it is cut.
func lastOf(told []bool, none bool) bool {
	if len(told) == 0 {
		return none
	}
	return told[len(told)-1]
}

// A stream in memory is empty when its server comes back, and counts anew.
func TestStreamIsLost(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]func() string{
		"emptied": func() string { dir := t.TempDir(); return dir },
		"gone":    t.TempDir,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := listen(t, embedded.Options{StoreDir: dir()})
			o := natsbroker.Options{Stream: &natsbroker.Stream{Memory: true}}
			from, _ := attach(t, srv.url(), o, new(recorder))
			to, got := attach(t, srv.url(), o, new(recorder))
			subscribe(t, to, "a")
			link(t, from, "a", got)
			insist(t, from, "a", "1:", 300, 0)
			wants(t, "before", got, "a", numbers("1:", 300))
			srv.Shutdown()
			if name == "gone" {
				srv.opts.StoreDir = dir()
			}
			srv.start()
			insist(t, from, "a", "2:", 500, 0)
			wants(t, "after", got, "a", slices.Concat(numbers("1:", 300), numbers("2:", 500)))
		})
	}
}

// What the stream no longer retains is lost, and counted.
func TestStreamExpires(t *testing.T) {
	t.Parallel()
	srv := listen(t, embedded.Options{StoreDir: t.TempDir()})
	stream := &natsbroker.Stream{MaxBytes: 100_000}
	from, _ := attach(t, srv.url(), natsbroker.Options{Stream: stream}, new(recorder))
	way := newCable(t, srv.opts.Listen)
	var lost atomic.Uint64
	to, got := attach(t, way.url(), natsbroker.Options{Stream: stream, Lost: func(n uint64, why error) {
		if !errors.Is(why, natsbroker.ErrExpired) {
			t.Errorf("Lost(%d, %v), want ErrExpired", n, why)
		}
		lost.Add(n)
	}}, new(recorder))
	subscribe(t, to, "a")
	link(t, from, "a", got)
	publish(t, from, "a", "0001")
	eventually(t, "there", func() bool { return got.has(message{"a", "0001"}) })
	way.cut(true)
	eventually(t, "told of the cut", func() bool { return !lastOf(got.told(), true) })
	const n = 500
	filler := strings.Repeat(".", 1000)
	for i := range n - 1 {
		publish(t, from, "a", fmt.Sprintf("%04d%s", i+2, filler))
	}
	all, watching := attach(t, srv.url(), natsbroker.Options{Stream: stream}, new(recorder))
	subscribe(t, all, "end")
	link(t, from, "end", watching) // all of it is in the stream
	way.cut(false)
	eventually(t, "the last there", func() bool { return slices.ContainsFunc(got.on("a"), func(s string) bool { return s[:4] == "0500" }) })
	texts := got.on("a")
	if !slices.IsSorted(texts) || len(texts) < 50 || len(texts) > 100 {
		t.Errorf("got %d messages of about 1,000 bytes with 100,000 retained, in order: %v", len(texts), slices.IsSorted(texts))
	}
	if total := uint64(len(texts)) + lost.Load(); total < n {
		t.Errorf("got %d messages and %d lost of %d", len(texts), lost.Load(), n)
	}
}

// With a stream a slow hub loses nothing: it asks for more when it is ready.
func TestStreamWaitsForASlowHub(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{StoreDir: t.TempDir()})
	from, _ := connect(t, srv, natsbroker.Options{Stream: &natsbroker.Stream{}})
	to, got := attach(t, "", natsbroker.Options{
		NATS: srv.ClientOptions(), Stream: &natsbroker.Stream{}, MaxUndelivered: 1,
		Lost: func(n uint64, why error) { t.Errorf("Lost(%d, %v)", n, why) },
	}, &recorder{hold: make(chan struct{})})
	subscribe(t, to, "a")
	// The consumer begins at the end of the stream: until it has.
	js := jetStream(t, srv)
	eventually(t, "two consumers there", func() bool {
		stream, err := js.Stream(background, "zerowire")
		return err == nil && stream.CachedInfo().State.Consumers == 2
	})
	insist(t, from, "a", "", 500, 0)
	eventually(t, "everything in the stream", func() bool {
		stream, err := js.Stream(background, "zerowire")
		return err == nil && stream.CachedInfo().State.Msgs == 500
	})
	close(got.hold)
	wants(t, "the slow one", got, "a", numbers("", 500))
}

func jetStream(t testing.TB, srv *embedded.Server) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect("", srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// A stream that cannot be used is a link that is down, until it can.
func TestStreamThatIsNot(t *testing.T) {
	t.Parallel()
	srv := start(t, embedded.Options{StoreDir: t.TempDir()})
	js := jetStream(t, srv)
	if _, err := js.CreateStream(background, jetstream.StreamConfig{Name: "zerowire", Subjects: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	b, got := connect(t, srv, natsbroker.Options{Stream: &natsbroker.Stream{}})
	eventually(t, "told that it cannot be used", func() bool { return !lastOf(got.told(), true) })
	publish(t, b, "a", "is refused or waits")
	if err := js.DeleteStream(background, "zerowire"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "told that it can", func() bool { return lastOf(got.told(), false) })
}

// A replicated stream whose leader changes under load: some of a window of
// messages is stored later than what came behind it, and order puts it right.
func TestStreamOrderAcrossLeaders(t *testing.T) {
	t.Parallel()
	const n = 2000
	servers := replicated(t)
	o := natsbroker.Options{
		Stream: &natsbroker.Stream{Replicas: 3, Memory: true},
		Lost:   func(n uint64, why error) { t.Errorf("Lost(%d, %v)", n, why) },
	}
	from, _ := connect(t, servers[0], o)
	to, got := connect(t, servers[1], o)
	subscribe(t, to, "a")
	link(t, from, "a", got)
	var publishing sync.WaitGroup
	publishing.Go(func() { insist(t, from, "a", "", n, 0) })
	nc, err := nats.Connect("", servers[2].ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for round := range 2 {
		eventually(t, "under way", func() bool { return got.count() > n/4*(round+1) })
		eventually(t, "stepped down", func() bool { // nobody answers where there is no leader
			_, err := nc.Request("$JS.API.STREAM.LEADER.STEPDOWN.zerowire", nil, time.Second)
			return err == nil
		})
	}
	publishing.Wait()
	wants(t, "the other node", got, "a", numbers("", n))
}

// replicated starts three servers with JetStream.
func replicated(t testing.TB) []*embedded.Server {
	t.Helper()
	addrs := []string{wstest.FreeAddr(t), wstest.FreeAddr(t), wstest.FreeAddr(t)}
	var servers []*embedded.Server
	for i, addr := range addrs {
		servers = append(servers, start(t, embedded.Options{
			Name: fmt.Sprint("node", i), StoreDir: t.TempDir(), ClusterListen: addr,
			Join: slices.DeleteFunc(slices.Clone(addrs), func(a string) bool { return a == addr }),
		}))
	}
	return servers
}
