// Package natsbroker connects the hubs of many processes by NATS: it is a
// hub.Broker on any NATS server or cluster. Package embedded runs one inside the
// process.
//
//	broker, err := natsbroker.Connect("nats://10.0.0.1:4222,nats://10.0.0.2:4222", nil)
//	if err != nil {
//		return err
//	}
//	h, err := hub.New(&hub.Options{Broker: broker})
//
// # Delivery
//
// While there is a link, each message reaches each other node that has subscribed
// to a pattern of its topic once, in the order in which its node has published it.
// A node does not get its own.
//
// With core NATS, the default, delivery is at most once: what is published while a
// node has no link to its server, or its server none to the others, that node does
// not get. What a node itself publishes meanwhile waits, up to Options.MaxUnsent,
// and is sent when the link is back; what was being sent when it broke may be
// lost.
//
// With Options.Stream messages go through a JetStream stream. Every node reads all
// of it, and resumes where it was after an interruption: as long as the stream
// retains them it misses none and gets none twice. Publish returns before the
// stream has confirmed the message; it is sent again until it does. So only a
// process that ends loses what it has not sent: Close waits for that. The price is
// that all messages pass every node, also those that nobody there has subscribed
// to, and the time for a confirmation by the stream. A node that starts begins at
// the end of the stream.
//
// # When something breaks
//
// The Broker connects again for ever, after 100 ms at first and then less and less
// often, up to every 10 s. A server that stops answering is noticed within 15
// seconds. The hub is told by Receiver.State, when the link is lost and when it is
// back; with a Stream, also when that cannot be used. A Broker sees its own
// connection only: if the server it is connected to loses the rest of its cluster,
// messages of the others do not come, and nobody is told.
//
// No method waits for the network but Connect and Close. Memory is bounded in both
// directions, by Options.MaxUnsent and Options.MaxUndelivered; Publish returns
// ErrFull, and Options.Lost is told.
//
// # Subjects
//
// Topic "chat.room1" is subject "zerowire.chat.room1", and pattern "chat.*" is
// "zerowire.chat.>". Control characters, spaces, '*', '>' and '%' in a topic
// become '%' and two hexadecimal digits. A message on NATS is an envelope of 19
// bytes, who has published it and its number, and what the hub has given; messages
// of others on these subjects are ignored. Whoever may publish there can forge
// messages of a hub: give nobody else that permission.
package natsbroker
