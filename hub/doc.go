// Package hub publishes messages to many WebSocket connections: by topic, in order,
// and past one process.
//
// # Overview
//
// A connection subscribes to topics, with Subscribe, or with Join to be seen there;
// Publish sends a message to all who have. It leaves by Unsubscribe, by Leave, or
// by ending.
//
//	h, err := hub.New(nil)
//	…
//	err = h.Subscribe(c, "scores.*")
//	…
//	err = h.Publish("scores.tennis", websocket.OpText, []byte("40:15"))
//
// A topic is tokens with a '.' between them. A pattern is a topic, or matches
// everything below one at any depth: "scores.*" matches "scores.tennis" and
// "scores.tennis.wimbledon", and not "scores"; "*" matches all there is. A
// connection to which several patterns lead gets a message once. PublishExcept leaves
// some out: who has sent the message, say.
//
// # Delivery
//
// A message is delivered at most once. Nothing is kept for those who are not there,
// and nothing is repeated: whoever connects anew has to ask the application
// where things stand. A subscriber that keeps up gets every message that is published
// on its node while it is subscribed.
//
// A message is encoded once, and compressed once for each setting of Compression,
// however many get it. Publish only queues it: it makes no system call for a
// subscriber and allocates nothing for one. As many goroutines as there
// are processors write to the connections, each to its own share of them, without a
// lock and without waiting; they are there only while something is to do. Messages
// that come faster than they are delivered leave several with one system call.
//
// # Order
//
// What one goroutine publishes arrives in its order: at the subscribers of its
// own node over all topics, at those of other nodes for each topic. Messages of
// several publishers to one topic arrive in one order at all subscribers of a node;
// on another node it may be another one.
//
// So a newcomer can be told where things stand: under a lock that publishers hold, too,
// it subscribes to a topic that nobody else has subscribed to, this is published there,
// and it subscribes to what follows.
//
// # Slow subscribers
//
// A subscriber whose connection takes nothing delays nobody. Its messages wait, by
// reference, up to Options.MaxPending bytes; past that Options.Overflow drops the
// oldest of them, or the newest, or closes the connection with StatusTryAgainLater
// (1013). Options.Dropped counts. A peer that takes nothing for the connection's own
// WriteTimeout is cut.
//
// Connections over TLS cannot tell whether they have room, so that a goroutine for
// each writes what it is given. The rules are the same.
//
// If the node itself is too slow for what is published, Publish waits, which has the
// connections of the publishers read less: memory stays bounded, and nothing is lost.
//
// # Presence
//
// Join gives a connection a name in a topic. Members lists the names there, and
// Options.Presence is told of every name that comes and goes, in one order for each
// node. A name with several connections, also on several nodes, is there once.
//
// # Nodes
//
// With Options.Broker many processes are one hub; hub/natsbroker is one for NATS. A
// node delivers to its own subscribers itself and gives the broker what others
// shall have; so it goes on alone while the link is down. What a broker loses is
// lost: what was published elsewhere meanwhile, unless it repeats it, and
// what was published here beyond what it keeps, of which Publish tells by a
// BrokerError. A message that it delivers twice, or hands back, is dropped.
//
// Presence repairs itself. Nodes number their changes and send heartbeats: who has
// missed something asks for a snapshot. The members of a node that closes leave at
// once, those of one that is not heard of any more after three heartbeats, and they
// are back when it is. Between two nodes Members may differ for as long.
//
// All nodes trust each other, and the broker: who can publish there can publish to
// every subscriber.
//
// # Limits
//
// Topics and names have at most 255 bytes; the number of topics, subscribers and
// subscriptions is limited by memory alone. A connection that has subscribed once
// is remembered until it ends.
package hub
