package hub

import (
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// Options are the settings of a [Hub]. The zero value is valid: a hub of one process
// that drops the oldest messages of slow subscribers. A field that is zero selects its
// default.
type Options struct {
	// Broker carries messages to and from the hubs of other processes. The hub takes
	// ownership of it, and closes it. Default: none.
	Broker Broker

	// Overflow selects what happens when more than MaxPending bytes wait for a slow
	// subscriber. Default: DropOldest.
	Overflow Overflow

	// MaxPending limits the bytes of messages that may wait for one subscriber. Each
	// message counts 64 bytes more than its size. A single message may be larger than
	// the limit. Messages are kept by reference: one that waits for a thousand
	// subscribers is in memory once. Default: 64 KiB.
	MaxPending int

	// Dropped is called when n messages for c were dropped, because of Overflow or
	// because the connection ended while messages were waiting. It is called on the
	// goroutine that delivers messages: it must not block, and must not publish. A panic
	// is logged. May be nil.
	Dropped func(c *websocket.Conn, n int)

	// Presence is called for every name that joins or leaves a topic, on this node or
	// another one. Calls are made one at a time, in order. It may call methods of the
	// hub. Events that occur during a call wait. A panic is logged. May be nil.
	Presence func(Event)

	// Heartbeat is the interval at which a node sends a heartbeat to the other nodes. A
	// node that is silent for three intervals is removed, together with its members.
	// Default: 5 s.
	Heartbeat time.Duration

	// Logger receives events that no call can return: changes of the link to the broker,
	// invalid messages from the broker, and panics in Dropped and Presence. Default:
	// slog.Default().
	Logger *slog.Logger
}

// Overflow selects what happens to the messages of a slow subscriber.
type Overflow uint8

const (
	// DropOldest drops the messages that have waited longest. It fits subscribers that
	// need only recent messages.
	DropOldest Overflow = iota

	// DropNewest drops new messages until there is room again.
	DropNewest

	// Disconnect drops all waiting messages and closes the connection with
	// StatusTryAgainLater. It fits subscribers that have to reconnect and load the
	// state again rather than miss a message.
	Disconnect
)

// Hub publishes messages to the connections that have subscribed to their topics. All
// methods may be called concurrently.
type Hub struct {
	options  Options
	shards   []*shard   // shard.go
	stripes  [64]stripe // link.go
	origin   uint64     // identifies this hub to other nodes
	presence presence   // presence.go
	interest interest   // interest.go
	rejected sync.Once

	// Locks are taken in this order, each for a short time. No code waits for a connection
	// or for the network while it holds one, except in the calls of [Broker]:
	//
	//	stripe.out → stripe.in → interest.mu → Hub.mu → presence.mu → shard.mu
	//
	// subscriber.mu is a leaf lock. Options.Dropped and Options.Presence are called without
	// locks.
	mu          sync.RWMutex
	closed      bool
	directory   directory
	subscribers map[*websocket.Conn]*subscriber
	next        int // the shard of the next subscriber
}

// New returns a new [Hub]. opts may be nil. The error is a [*BrokerError] from
// Broker.Attach or Broker.Subscribe.
func New(opts *Options) (*Hub, error) {
	h := &Hub{
		origin:      rand.Uint64(),
		directory:   newDirectory(),
		subscribers: make(map[*websocket.Conn]*subscriber),
	}
	if opts != nil {
		h.options = *opts
	}
	h.options.resolve()
	h.presence.init(h)
	for range runtime.GOMAXPROCS(0) {
		h.shards = append(h.shards, newShard())
	}
	if h.options.Broker == nil {
		return h, nil
	}
	if err := h.connect(h.options.Broker); err != nil {
		return nil, &BrokerError{err}
	}
	return h, nil
}

func (o *Options) resolve() {
	if o.MaxPending <= 0 {
		o.MaxPending = 64 << 10
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Close closes the hub. It removes all subscriptions, and the members of this node
// leave. It waits until messages that were published before have been delivered, except
// to slow subscribers. It closes the broker and returns the broker's error as a
// [*BrokerError]. Connections stay open. Further calls do nothing and return nil.
func (h *Hub) Close() error {
	h.mu.Lock()
	closed := h.closed
	h.closed = true
	h.directory, h.subscribers = newDirectory(), nil
	h.mu.Unlock()
	if closed {
		return nil
	}
	h.presence.close()
	var err error
	if h.options.Broker != nil {
		if failed := h.options.Broker.Close(); failed != nil {
			err = &BrokerError{failed}
		}
	}
	for _, s := range h.shards {
		s.awaitIdle()
	}
	return err
}
