package main

import (
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/bench/load"
)

// measureBroadcast has the server send to everyone: s.depth messages at once, and the next
// ones when all have these.
func measureBroadcast(s scenario, batches []load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	if err := attend(s, batches, fleet, e); err != nil {
		return 0, err
	}
	m := published(broadcastPayload, s.depth)
	commands := strings.Join(slices.Repeat([]string{cmdPublish}, s.depth), "\n")
	publish := func() error { return srv.command(commands) }
	cast := func(n int) (messages int, err error) {
		for messages < n && err == nil {
			var k int
			k, err = fleet.Receive(m, publish)
			messages += k
		}
		return messages, err
	}
	if _, err := cast(2 * fleet.Len()); err != nil {
		return 0, err
	}
	return perMessage(srv, func() (int, error) { return cast(e.casts) })
}

const (
	oneOf = 100 // how many connections have one among them that does not read
	fills = 16  // messages of 16 KiB are more than the buffers of its sockets hold
)

// measureStalled has some connections read no more, waits until nothing more can be sent
// to them, and returns how many messages each of the others gets in a second, from a
// server that sends the next when they have the one before. The plain TCP server,
// whose loop would block for ever, has only connections that read: the baseline is the rate
// without slow connections.
func measureStalled(s scenario, batches []load.Batch, fleet *load.Fleet, srv *server, e effort) (float64, error) {
	if !fleet.Raw {
		fleet.Deaf = oneOf
	}
	if err := attend(s, batches, fleet, e); err != nil {
		return 0, err
	}
	if err := fleet.Deafen(); err != nil {
		return 0, err
	}
	fill := published(fillPayload, 1)
	for range fills {
		if _, err := fleet.Receive(fill, func() error { return srv.command(cmdFill) }); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	n, err := fleet.ReceiveFor(e.flood, published(broadcastPayload, 1), func() error { return srv.command(cmdPublish) })
	return float64(n) / float64(fleet.Len()) / time.Since(start).Seconds(), err
}

// attend opens the connections of a broadcast, and has each exchange a message:
// then it is known to the server.
func attend(s scenario, batches []load.Batch, fleet *load.Fleet, e effort) error {
	if err := fleet.Open(e.limited(s.conns), func(int) []load.Batch { return batches }); err != nil {
		return err
	}
	_, err := fleet.Exchange(0)
	return err
}

// published is what arrives of payload if it is sent n times.
func published(payload []byte, n int) load.Batch { return load.NewRepeated(load.Binary, payload, n) }
