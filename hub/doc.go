// Package hub publishes messages to many WebSocket connections: by topic, in order, and
// across processes.
//
// # Overview
//
// A connection subscribes to topics with [Hub.Subscribe], or with [Hub.Join] to be
// listed as a member. [Hub.Publish] sends a message to all subscribers of a topic. A
// subscription ends with [Hub.Unsubscribe], with [Hub.Leave], or when the connection
// ends.
//
//	h, err := hub.New(nil)
//	…
//	err = h.Subscribe(c, "scores.*")
//	…
//	err = h.Publish("scores.tennis", websocket.OpText, []byte("40:15"))
//
// A topic consists of tokens separated by '.'. A pattern is a topic, or a topic
// followed by ".*", which matches everything below that topic at any depth: "scores.*"
// matches "scores.tennis" and "scores.tennis.wimbledon", but not "scores". The pattern
// "*" matches every topic. A connection receives a message once, even if several of its
// patterns match. [Hub.PublishExcept] excludes connections, for example the sender of
// the message.
//
// # Delivery
//
// A message is delivered at most once. The hub does not store messages for absent
// subscribers, and does not repeat messages. A client that reconnects has to ask the
// application for the current state. A subscriber that keeps up receives every message
// that is published on its node while it is subscribed.
//
// A message is encoded once, and compressed once for each setting of
// [websocket.Compression]. [Hub.Publish] only adds it to queues: it makes no system
// call and no allocation for a subscriber. One goroutine per processor writes to the
// connections. Each goroutine serves its own share of the connections, without locks
// and without blocking, and exists only while its queue is not empty. Messages that are
// published faster than they are delivered are batched: several are written with one
// system call.
//
// # Order
//
// Messages that one goroutine publishes arrive in the order in which they were
// published: for subscribers of its own node over all topics, for subscribers of other
// nodes for each topic. Messages that several goroutines publish to one topic arrive in
// the same order at all subscribers of a node. The order may differ on another node.
//
// To send a new subscriber the current state before later changes, take a lock that all
// publishers also take. Under that lock subscribe the connection to a topic of its own,
// publish the state to that topic, and subscribe the connection to the topic of the
// changes.
//
// # Slow subscribers
//
// A subscriber that does not read delays no other subscriber. Its messages wait, by
// reference, up to MaxPending bytes. Beyond that, Overflow (both in [Options]) drops the
// oldest or the newest message, or closes the connection with StatusTryAgainLater (1013).
// Options.Dropped reports dropped messages. The connection is closed when its peer does not
// read for the WriteTimeout of [websocket.Options].
//
// Over TLS the hub cannot find out whether a connection has room. It writes to each of these
// connections on a separate goroutine. The limits are the same.
//
// If the node is too slow for the rate of publishing, [Hub.Publish] blocks. Publishers
// then read less from their own connections, so memory stays bounded and no message is
// lost.
//
// # Presence
//
// [Hub.Join] gives a connection a name in a topic. [Hub.Members] returns the names in a
// topic. Options.Presence is called for every name that joins or leaves, in one order
// on each node. A name that several connections have, also on several nodes, is listed
// once.
//
// # Nodes
//
// With Options.Broker the hubs of many processes, called nodes, act as one hub. Package
// hub/natsbroker implements a [Broker] for NATS. A node delivers to its own subscribers
// directly, and passes messages for other nodes to the broker, so it continues to serve
// its own subscribers while the broker is not reachable.
//
// Messages that the broker loses are lost. These are messages that other nodes
// published in the meantime, unless the broker repeats them, and messages published
// here beyond what the broker buffers. For the latter [Hub.Publish] returns a
// [*BrokerError]. A message that the broker delivers twice, or returns to its origin,
// is dropped.
//
// Presence repairs itself. Each node numbers its changes and sends heartbeats. A node
// that misses a change requests a snapshot. The members of a node that closes leave
// immediately. The members of a node that is silent for three heartbeats leave, and
// rejoin when the node is heard again. During that time [Hub.Members] may differ
// between two nodes.
//
// All nodes trust each other and the broker: a client that can publish to the broker
// can publish to every subscriber.
//
// # Limits
//
// Topics and names have at most 255 bytes. The number of topics, subscribers and
// subscriptions is limited only by memory. The hub keeps a record of a connection from
// its first subscription until the connection ends.
package hub
