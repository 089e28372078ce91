package hub

// Broker carries published messages between the hubs of many processes, called nodes.
// Package hub/natsbroker implements one for NATS.
//
// A hub delivers to its own connections directly, and passes every message for other
// nodes to the broker. It marks each message with its origin and a number. So a broker
// may return a node's own messages to it, and may deliver a message more than once, for
// example once for each matching pattern. The hub drops duplicates. A broker must keep
// the order of messages that one node publishes to one topic.
//
// The methods may be called concurrently. They must not wait for the network for long,
// and must not call the [Receiver] or wait for it. The broker calls the Receiver from
// goroutines of its own. While the link to the other nodes is down, the methods
// continue to work on local state. When the link is back, the broker restores the
// subscribed patterns.
type Broker interface {
	// Attach is called once by [New], before all other methods. r receives messages
	// from then on. If Attach returns an error, New fails. After Attach has returned
	// nil the link counts as connected until Receiver.State reports a change.
	Attach(r Receiver) error

	// Subscribe requests the messages of a pattern. The hub calls it for the first
	// local subscriber of the pattern. Patterns may overlap. Calls of Subscribe and
	// Unsubscribe are made one at a time.
	Subscribe(pattern string) error

	// Unsubscribe ends a subscription. The hub calls it after the last local subscriber
	// of the pattern has left.
	Unsubscribe(pattern string) error

	// Publish sends a message to every other node that has subscribed to a pattern that
	// matches topic. message must not be retained. It is in the hub's own encoding, at
	// most 32 bytes longer than the published payload. An error means that the message
	// will not be sent. A message that cannot be sent immediately may be buffered in
	// bounded memory.
	Publish(topic string, message []byte) error

	// Close closes the broker. It first sends what was published before, as far as the
	// link permits without long waiting. The Receiver must not be called after Close
	// has returned.
	Close() error
}

// Receiver is the side of a [Hub] that a [Broker] calls. Its methods may be called
// concurrently. They block while the node is behind with its deliveries; they never
// wait for a connection.
type Receiver interface {
	// Deliver passes on a message that was published to topic. message is not retained.
	// Messages that one node published to one topic must be delivered in order, one
	// call at a time.
	Deliver(topic string, message []byte)

	// State reports a change of the link to the other nodes: lost because of err, or
	// connected again (err is nil).
	State(connected bool, err error)
}
