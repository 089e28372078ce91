package hub

import (
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// Options are the settings of a Hub. The zero value works: a hub of this process
// alone, which drops the oldest messages of subscribers that are too slow. A field
// that is zero means its default.
type Options struct {
	// Broker carries messages to the hubs of other processes, and theirs to this
	// one. The hub closes it. Default none.
	Broker Broker

	// Overflow says what happens when more than MaxPending waits for a subscriber
	// that takes its messages too slowly. Default DropOldest.
	Overflow Overflow

	// MaxPending is how many bytes of messages may wait for a subscriber, each
	// counted with 64 bytes for its administration. A single message may be larger.
	// They are kept by reference: a message that waits for a thousand is in memory
	// once. Default 64 KiB.
	MaxPending int

	// Dropped is called when n messages for c were dropped: always with Overflow, or
	// because the connection was lost with messages waiting. It is called by
	// whoever delivers, and must not wait, nor publish. May be nil.
	Dropped func(c *websocket.Conn, n int)

	// Presence is called for everyone who joins or leaves a topic, on this node or
	// another one, with one event after the other. It may use the hub. What
	// happens meanwhile waits. May be nil.
	Presence func(Event)

	// Heartbeat is how often nodes tell each other that they are there. One that is
	// silent for three times as long has left, and its members with it. Default 5 s.
	Heartbeat time.Duration

	// Logger gets what no caller can be told: the state of the broker's link, and
	// messages from it that make no sense. Default slog.Default().
	Logger *slog.Logger
}

// Overflow is what happens to the messages of a subscriber that is too slow.
type Overflow uint8

const (
	// DropOldest drops the messages that have waited longest: for a subscriber to
	// whom only the present matters.
	DropOldest Overflow = iota

	// DropNewest drops what comes, until there is room again.
	DropNewest

	// Disconnect drops all that waits and closes the connection with
	// StatusTryAgainLater: for a subscriber that would rather come back, and begin
	// anew, than miss something.
	Disconnect
)

// Hub publishes messages to the connections that have subscribed to their topic.
// All methods may be called concurrently.
type Hub struct {
	options  Options
	shards   []*shard   // shard.go
	stripes  [64]stripe // link.go
	origin   uint64     // tells this hub from others
	presence presence   // presence.go
	interest interest   // interest.go
	rejected sync.Once

	mu          sync.RWMutex
	closed      bool
	directory   directory
	subscribers map[*websocket.Conn]*subscriber
	next        int // the shard of the next subscriber
}

// New makes a Hub. It fails only if the broker does. opts may be nil.
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

// Close ends the hub: everybody is unsubscribed, and the members of this node
// leave. What was published before is still delivered; Close waits for that, and
// not for subscribers that are too slow. It closes the broker, whose error it
// returns, and leaves the connections open. Closing again does nothing.
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
