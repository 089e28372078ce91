package recording

import (
	"iter"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// WholeMessages is the limit of a trace.Session that has to show all of every payload.
const WholeMessages = 1<<31 - 1

// All returns what both ends have sent, in the order of the time.
func (c *Connection) All() iter.Seq2[codec.Role, Sending] {
	return func(yield func(codec.Role, Sending) bool) {
		client, server := c.Sent[codec.Client], c.Sent[codec.Server]
		for len(client)+len(server) > 0 {
			from, next := codec.Client, &client
			if len(client) == 0 || len(server) > 0 && server[0].At < client[0].At {
				from, next = codec.Server, &server
			}
			if !yield(from, (*next)[0]) {
				return
			}
			*next = (*next)[1:]
		}
	}
}

// Show calls sink with what has passed on a connection of the recording. The heads of
// an archived connection are made up, and not shown.
func (rec *Recording) Show(c *Connection, sink func(trace.Event)) {
	heads := c.URL == ""
	s := trace.NewSession(codec.Client, heads, WholeMessages, sink)
	if heads {
		s.Write(codec.Client, rec.at(c.Began), c.Heads[codec.Client])
		s.Write(codec.Server, rec.at(c.Began), c.Heads[codec.Server])
	}
	last := rec.at(c.Began)
	for from, sent := range c.All() {
		last = rec.at(sent.At)
		s.Write(from, last, sent.Bytes)
	}
	s.End(codec.Client, last)
	s.End(codec.Server, last)
}
