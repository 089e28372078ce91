package hub_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// network connects nodes in memory, as badly as a Broker may: a node gets its own
// messages back, gets each once for every pattern that it matches, and misses
// those of which lose says so.
type network struct {
	mu    sync.Mutex
	nodes []*nodeBroker
	lose  func(topic string, message []byte) bool // may be nil
}

// nodeBroker is the Broker of one node.
type nodeBroker struct {
	network  *network
	receiver hub.Receiver
	patterns []string // that are subscribed; guarded by network.mu
	cut      bool
	closed   bool
	refuse   error // what Subscribe returns
	calls    []string

	inbox   []delivery
	changed *sync.Cond
	done    chan struct{}
}

type delivery struct {
	topic   string
	message []byte
}

// node returns the Broker of a new node.
func (n *network) node() *nodeBroker {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := &nodeBroker{network: n, changed: sync.NewCond(&n.mu), done: make(chan struct{})}
	n.nodes = append(n.nodes, b)
	return b
}

func (b *nodeBroker) Attach(r hub.Receiver) error {
	b.receiver = r
	go b.run()
	return nil
}

// run delivers what comes.
func (b *nodeBroker) run() {
	defer close(b.done)
	b.network.mu.Lock()
	defer b.network.mu.Unlock()
	for {
		switch {
		case b.closed:
			return
		case len(b.inbox) == 0:
			b.changed.Wait()
			continue
		}
		d := b.inbox[0]
		b.inbox = b.inbox[1:]
		b.network.mu.Unlock()
		b.receiver.Deliver(d.topic, d.message)
		clear(d.message) // it was valid until then
		b.network.mu.Lock()
	}
}

func (b *nodeBroker) Subscribe(pattern string) error {
	b.network.mu.Lock()
	defer b.network.mu.Unlock()
	if b.refuse != nil {
		return b.refuse
	}
	b.calls = append(b.calls, "+"+pattern)
	b.patterns = append(b.patterns, pattern)
	return nil
}

func (b *nodeBroker) Unsubscribe(pattern string) error {
	b.network.mu.Lock()
	defer b.network.mu.Unlock()
	b.calls = append(b.calls, "-"+pattern)
	i := slices.Index(b.patterns, pattern)
	if i < 0 {
		return errors.New("not subscribed: " + pattern)
	}
	b.patterns = slices.Delete(b.patterns, i, i+1)
	return nil
}

var errCut = errors.New("the link is cut")

func (b *nodeBroker) Publish(topic string, message []byte) error {
	n := b.network
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case b.cut:
		return errCut
	case n.lose != nil && n.lose(topic, message):
		return nil
	}
	for _, to := range n.nodes {
		for _, pattern := range to.patterns {
			if to.receiver != nil && !to.cut && !to.closed && leadsTo(pattern, topic) {
				to.inbox = append(to.inbox, delivery{topic, slices.Clone(message)})
				to.changed.Signal()
			}
		}
	}
	return nil
}

func (b *nodeBroker) Close() error {
	b.network.mu.Lock()
	b.closed = true
	b.changed.Signal()
	b.network.mu.Unlock()
	<-b.done
	return nil
}

// leadsTo reports whether pattern matches topic, those of the hub itself included.
func leadsTo(pattern, topic string) bool {
	prefix, wildcard := strings.CutSuffix(pattern, "*")
	return pattern == topic || wildcard && strings.HasPrefix(topic, prefix)
}

// setCut cuts the node off, or heals the link.
func (b *nodeBroker) setCut(cut bool) {
	b.network.mu.Lock()
	b.cut = cut
	b.network.mu.Unlock()
	if cut {
		b.receiver.State(false, errCut)
	} else {
		b.receiver.State(true, nil)
	}
}

// subscribed returns the patterns that are subscribed, sorted, without the hub's
// own.
func (b *nodeBroker) subscribed() []string {
	b.network.mu.Lock()
	defer b.network.mu.Unlock()
	own := func(pattern string) bool { return strings.HasPrefix(pattern, "$") }
	return slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(b.patterns), own)))
}

// collector is a peer whose messages are collected as they come.
type collector struct {
	*peer
	mu  sync.Mutex
	got []string
}

func newCollector(t testing.TB, h *hub.Hub, patterns ...string) *collector {
	c := &collector{peer: pipePeer(t)}
	go func() {
		for {
			_, p, err := c.client.Read(background)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.got = append(c.got, string(p))
			c.mu.Unlock()
		}
	}()
	go c.Conn.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}))
	subscribe(t, h, c.peer, patterns...)
	return c
}

// take returns what has come since the last time.
func (c *collector) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}
