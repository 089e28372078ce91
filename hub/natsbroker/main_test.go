package natsbroker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
	"github.com/zerowire/websocket/internal/leak"
)

var background = context.Background()

// TestMain fails if a goroutine of ours or of the client's, or a pooled buffer, outlives
// the tests. In a child process it is a node of a cluster instead: node_test.go.
func TestMain(m *testing.M) {
	if os.Getenv(nodeEnv) != "" {
		os.Exit(node())
	}
	leak.Main(m, 5*time.Second, "github.com/zerowire/websocket", "nats-io/nats.go")
}

// quiet is a logger for what a test provokes.
var quiet = slog.New(slog.DiscardHandler)

// patience is how long anything may take that should be there at once.
const patience = time.Minute

// eventually waits until ok, which it calls again and again.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("after %v: not %s", patience, what)
		}
	}
}

// start starts an embedded server that ends with the test.
func start(t testing.TB, o embedded.Options) *embedded.Server {
	t.Helper()
	o.Logger = quiet
	srv, err := embedded.Start(o)
	if err != nil {
		t.Fatalf("embedded.Start(%+v) = %v", o, err)
	}
	t.Cleanup(srv.Shutdown)
	return srv
}

// cluster starts servers that form a cluster.
func cluster(t testing.TB, n int) []*embedded.Server {
	t.Helper()
	servers := []*embedded.Server{start(t, embedded.Options{ClusterListen: "127.0.0.1:0"})}
	for range n - 1 {
		servers = append(servers, start(t, embedded.Options{
			ClusterListen: "127.0.0.1:0", Join: []string{servers[0].ClusterAddr().String()},
		}))
	}
	eventually(t, "a full mesh", func() bool {
		return !slices.ContainsFunc(servers, func(s *embedded.Server) bool { return s.Peers() != n-1 })
	})
	return servers
}

// message is what a recorder was given.
type message struct{ topic, text string }

// recorder is a Receiver that keeps everything.
type recorder struct {
	mu     sync.Mutex
	got    []message // but probes
	seen   map[message]bool
	states []bool
	hold   chan struct{} // if not nil, Deliver waits for it to be closed
}

func (r *recorder) Deliver(topic string, text []byte) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := message{strings.Clone(topic), string(text)}
	if !strings.HasPrefix(m.text, probe) {
		r.got = append(r.got, m)
	}
	if r.seen == nil {
		r.seen = make(map[message]bool)
	}
	r.seen[m] = true
}

func (r *recorder) State(connected bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if connected != (err == nil) {
		panic(fmt.Sprintf("State(%v, %v)", connected, err))
	}
	r.states = append(r.states, connected)
}

// messages returns what came but probes.
func (r *recorder) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// count returns how many they are.
func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// on returns what came on one topic but probes.
func (r *recorder) on(topic string) []string {
	var texts []string
	for _, m := range r.messages() {
		if m.topic == topic {
			texts = append(texts, m.text)
		}
	}
	return texts
}

func (r *recorder) has(m message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[m]
}

func (r *recorder) told() []bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.states)
}

// connect connects a broker in the process of srv to a recorder, until the test
// ends.
func connect(t testing.TB, srv *embedded.Server, o natsbroker.Options) (*natsbroker.Broker, *recorder) {
	t.Helper()
	o.NATS = append(srv.ClientOptions(), o.NATS...)
	return attach(t, "", o, new(recorder))
}

// attach connects a broker to r, until the test ends.
func attach(t testing.TB, url string, o natsbroker.Options, r *recorder) (*natsbroker.Broker, *recorder) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet
	}
	o.NATS = append([]nats.Option{nats.Timeout(patience)}, o.NATS...)
	b, err := natsbroker.Connect(url, &o)
	if err != nil {
		t.Fatalf("Connect(%q) = %v", url, err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil && !errors.Is(err, natsbroker.ErrClosed) {
			t.Errorf("Close() = %v", err)
		}
	})
	if err := b.Attach(r); err != nil {
		t.Fatalf("Attach() = %v", err)
	}
	return b, r
}

var _ hub.Receiver = (*recorder)(nil)

func subscribe(t testing.TB, b *natsbroker.Broker, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if err := b.Subscribe(pattern); err != nil {
			t.Fatalf("Subscribe(%q) = %v", pattern, err)
		}
	}
}

func publish(t testing.TB, b *natsbroker.Broker, topic, text string) {
	t.Helper()
	if err := b.Publish(topic, []byte(text)); err != nil {
		t.Fatalf("Publish(%q, %q) = %v", topic, text, err)
	}
}

// probe is what the text of a probe begins with.
const probe = "probe"

var probes atomic.Uint64

// link publishes on a topic until the message arrives: until the cluster knows
// who has subscribed.
func link(t testing.TB, from *natsbroker.Broker, topic string, to *recorder) {
	t.Helper()
	text := fmt.Sprint(probe, probes.Add(1))
	eventually(t, "reached on "+topic, func() bool {
		publish(t, from, topic, text)
		return to.has(message{topic, text})
	})
}

// numbers returns the texts "1" to "n", each with prefix.
func numbers(prefix string, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(prefix, i+1)
	}
	return texts
}
