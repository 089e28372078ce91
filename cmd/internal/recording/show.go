package recording

import (
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// WholeMessages is the limit of a trace.Session that has to show all of every payload.
const WholeMessages = 1<<31 - 1

// Show calls sink with what has passed on a connection of the recording, in the order of
// the time. The heads of an archived connection are made up, and not shown.
func (rec *Recording) Show(c *Connection, sink func(trace.Event)) {
	heads := c.URL == ""
	s := trace.NewSession(heads, WholeMessages, sink)
	if heads {
		s.Write(codec.Client, rec.at(c.Began), c.Heads[codec.Client])
		s.Write(codec.Server, rec.at(c.Began), c.Heads[codec.Server])
	}
	last, left := rec.at(c.Began), c.Sent
	for len(left[codec.Client])+len(left[codec.Server]) > 0 {
		from, client, server := codec.Client, left[codec.Client], left[codec.Server]
		if len(client) == 0 || len(server) > 0 && server[0].At < client[0].At {
			from = codec.Server
		}
		last = rec.at(left[from][0].At)
		s.Write(from, last, left[from][0].Bytes)
		left[from] = left[from][1:]
	}
	s.End(codec.Client, last)
	s.End(codec.Server, last)
}
