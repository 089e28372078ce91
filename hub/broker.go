package hub

// Broker carries published messages between the hubs of many processes, its
// nodes. One that speaks NATS is in hub/natsbroker.
//
// A hub delivers to its own connections itself, and gives the broker every
// message for the other nodes. It marks each with its origin and a number: so a
// broker may hand a node its own messages back, and may deliver a message more
// than once, for example once for each pattern that it matches. The hub drops what
// it had. What a broker must not do is change the order of the messages that one
// node publishes to one topic.
//
// The methods may be called concurrently. None may wait for the network for long,
// and none may call the Receiver or wait for it: its calls come from goroutines of
// the broker's.
// While the link to the other nodes is down they work on what they know, and a
// broker that comes back knows the patterns that were subscribed.
type Broker interface {
	// Attach is called once, first, by New. r is where messages go from now on. An
	// error makes New fail. The hub takes the link for connected when Attach has
	// returned nil, until r.State says otherwise.
	Attach(r Receiver) error

	// Subscribe asks for the messages of a pattern: the first local subscriber of
	// it has come. Patterns may overlap. Calls of Subscribe and Unsubscribe come one
	// after the other.
	Subscribe(pattern string) error

	// Unsubscribe ends that: the last local subscriber of the pattern has gone.
	Unsubscribe(pattern string) error

	// Publish sends a message to every other node that has subscribed to a pattern
	// of the topic's. message is not retained. It is the hub's own encoding: at most
	// 32 bytes longer than what was published. An error says that the message will
	// not be sent; what cannot be sent at once may be kept, in bounded memory.
	Publish(topic string, message []byte) error

	// Close ends the broker. It sends what was published before, as far as the link
	// allows and without waiting for long; the Receiver is not called any more when
	// it has returned.
	Close() error
}

// Receiver is what a Broker delivers to: a Hub. Its methods may be called
// concurrently. They wait while the node is behind with its deliveries, and never
// for a connection.
type Receiver interface {
	// Deliver hands over a message that was published to topic. message is valid
	// until Deliver returns. Messages that one node published to one topic have to
	// come in its order: one call after the other.
	Deliver(topic string, message []byte)

	// State reports that the link to the other nodes was lost, and err says why, or
	// that it is back and err is nil.
	State(connected bool, err error)
}
