// Package natsbroker connects the hubs of many processes through NATS. [Broker]
// implements hub.Broker on any NATS server or cluster. Package embedded runs a NATS
// server inside the process.
//
//	broker, err := natsbroker.Connect("nats://10.0.0.1:4222,nats://10.0.0.2:4222", nil)
//	if err != nil {
//		return err
//	}
//	h, err := hub.New(&hub.Options{Broker: broker})
//
// # Delivery
//
// While the link is up, each message is delivered once to each other node that has
// subscribed to a pattern of its topic, in the order in which its node published it. A
// node does not receive its own messages.
//
// Core NATS, the default, delivers at most once. A node misses messages that are published
// while it has no link to its server, or while its server has no link to the others. The
// node's own messages wait in the meantime, up to Options.MaxUnsent bytes, and are sent when
// the link is back. Messages that were being sent when the link broke may be lost.
//
// With Options.Stream, messages go through a JetStream stream. Every node reads the
// whole stream, and resumes at its position after an interruption. While the stream
// retains the messages, a node misses none and receives none twice. Publish returns
// before the stream has confirmed the message; the Broker sends the message again until
// it is confirmed. So messages are lost only if a process ends before they are sent;
// Close waits for that.
//
// The costs of a stream are that all messages pass every node, even without a
// subscriber there, and the latency of a confirmation. A node that starts begins at the
// end of the stream.
//
// # Failures
//
// The Broker reconnects without limit, after 100 ms at first, and then at increasing
// intervals of up to 10 s. It detects a server that stops answering within 15 seconds.
// It calls Receiver.State of the hub when the link is lost and when it is back; with a
// Stream, also when the stream cannot be used. A Broker observes only its own
// connection. If its server loses the rest of the cluster, messages of other nodes do
// not arrive, and this is not reported.
//
// Only Connect and Close wait for the network. Options.MaxUnsent and
// Options.MaxUndelivered bound the memory in the two directions. When they are
// exceeded, Publish returns [ErrFull], and Options.Lost is called.
//
// # Subjects
//
// Topic "chat.room1" is subject "zerowire.chat.room1", and pattern "chat.*" is
// "zerowire.chat.>". Control characters, spaces, '*', '>' and '%' in a topic are
// replaced by '%' and two hexadecimal digits. A message on NATS is an envelope of 19 bytes,
// with the origin and the number of the message, followed by the hub's message. Other
// messages on these subjects are ignored.
//
// Security: a client that may publish on these subjects can forge messages of a hub.
// Give that permission only to the hubs.
package natsbroker
