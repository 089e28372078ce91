package main

import (
	"fmt"
	"strings"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// kind is what happens in a scenario.
type kind uint8

const (
	exchange  kind = iota // batches are sent and come back
	idle                  // connections exchange one batch, and then nothing
	churn                 // connections come and go
	broadcast             // the server sends to all
	stalled               // the server sends to all, of whom some do not read
	paced                 // each connection sends a batch once a second, and it comes back
)

// scenario is one piece of work for a server.
type scenario struct {
	ID      string
	Title   string
	kind    kind
	conns   int
	content load.Content
	size    int // payload bytes of a message
	depth   int // messages in a batch, or that are broadcast at once
	utf8    bool
	deflate load.Deflate
	tls     bool
}

// scenarios are all there are.
var scenarios = []scenario{
	{ID: "s", Title: "1 conn × 125 B text, depth 1", conns: 1, size: 125, depth: 1},
	{ID: "a", Title: "64 conns × 125 B text, depth 1", conns: 64, size: 125, depth: 1},
	{ID: "c1", Title: "64 conns × 1 KiB text, depth 1", conns: 64, size: 1 << 10, depth: 1},
	{ID: "b", Title: "64 conns × 125 B text, depth 32", conns: 64, size: 125, depth: 32},
	{ID: "c16", Title: "64 conns × 1 KiB text, depth 16", conns: 64, size: 1 << 10, depth: 16},
	{ID: "d", Title: "16 conns × 16 KiB text, depth 4", conns: 16, size: 16 << 10, depth: 4},
	{ID: "e", Title: "8 conns × 1 MiB binary, depth 2", conns: 8, size: 1 << 20, depth: 2, content: load.Binary},
	{ID: "e2", Title: "8 conns × 1 MiB CJK text, depth 2, UTF-8 checked", conns: 8, size: 1 << 20, depth: 2, content: load.CJK, utf8: true},
	{ID: "f", Title: "idle connection after traffic, RSS", kind: idle, size: 125, depth: 1},
	{ID: "g", Title: "connect, upgrade, echo, close", kind: churn, size: 125, depth: 1},
	{ID: "h", Title: "broadcast of 512 B to 1,000, two in flight, per delivery", kind: broadcast, conns: 1000, size: 512, depth: 2, content: load.Binary},
	{ID: "h1", Title: "broadcast of 512 B to 1,000, one in flight, per delivery", kind: broadcast, conns: 1000, size: 512, depth: 1, content: load.Binary},
	{ID: "q", Title: "broadcast of 512 B to 10,000, one in flight, per delivery", kind: broadcast, conns: 10000, size: 512, depth: 1, content: load.Binary},
	{ID: "r", Title: "messages of 512 B to each of 1,000, 10 of them stuck", kind: stalled, conns: 1000, size: 512, depth: 1, content: load.Binary},
	{ID: "z1", Title: "64 conns × 1 KiB JSON, depth 1, compressed", conns: 64, size: 1 << 10, depth: 1, content: load.JSON, deflate: load.Alone},
	{ID: "z16", Title: "16 conns × 16 KiB JSON, depth 1, compressed", conns: 16, size: 16 << 10, depth: 1, content: load.JSON, deflate: load.Alone},
	{ID: "z64", Title: "16 conns × 64 KiB log lines, depth 1, compressed", conns: 16, size: 64 << 10, depth: 1, content: load.Log, deflate: load.Alone},
	{ID: "zt1", Title: "64 conns × 1 KiB JSON, depth 1, context taken over", conns: 64, size: 1 << 10, depth: 1, content: load.JSON, deflate: load.Takeover},
	{ID: "zt16", Title: "16 conns × 16 KiB JSON, depth 1, context taken over", conns: 16, size: 16 << 10, depth: 1, content: load.JSON, deflate: load.Takeover},
	{ID: "zt64", Title: "16 conns × 64 KiB log lines, depth 1, context taken over", conns: 16, size: 64 << 10, depth: 1, content: load.Log, deflate: load.Takeover},
	{ID: "fz", Title: "idle connection after compressed traffic, RSS", kind: idle, size: 1 << 10, depth: 1, content: load.JSON, deflate: load.Alone},
	{ID: "fzt", Title: "idle connection after traffic with context taken over, RSS", kind: idle, size: 1 << 10, depth: 1, content: load.JSON, deflate: load.Takeover},
	{ID: "t1", Title: "64 conns × 125 B text, depth 1, TLS", conns: 64, size: 125, depth: 1, tls: true},
	{ID: "t32", Title: "64 conns × 125 B text, depth 32, TLS", conns: 64, size: 125, depth: 32, tls: true},
	{ID: "t16k", Title: "16 conns × 16 KiB text, depth 4, TLS", conns: 16, size: 16 << 10, depth: 4, tls: true},
	{ID: "a1", Title: "1,024 conns × 125 B text, depth 1", conns: 1024, size: 125, depth: 1},
	{ID: "a2", Title: "4,096 conns × 125 B text, depth 1", conns: 4096, size: 125, depth: 1},
	{ID: "a3", Title: "16,000 conns × 125 B text, depth 1", conns: 16000, size: 125, depth: 1},
	{ID: "sparse", Title: "10,000 conns × 125 B text, one a second each", kind: paced, conns: 10000, size: 125, depth: 1},
}

// quickScenarios are those of a short race: without compression, and without 10,000
// connections.
const quickScenarios = "s,a,b,c16,d,e,e2,f,g,h"

// The groups of scenarios that share a table.
const (
	echoes     = "Echo"
	secured    = "TLS"
	compressed = "Compressed echo"
	broadcasts = "Broadcast"
	crowds     = "Many connections"
	memory     = "Memory of an idle connection"
)

// crowd is from how many connections on an echo is in the group of many connections.
const crowd = 1000

// group returns the group of the scenario.
func (s scenario) group() string {
	switch {
	case s.kind == idle:
		return memory
	case s.casts():
		return broadcasts
	case s.tls:
		return secured
	case s.deflate != load.Off:
		return compressed
	case s.conns >= crowd:
		return crowds
	}
	return echoes
}

// unitMemory is the unit of the scenarios that count memory.
const unitMemory = "KiB"

// unit is what the absolute value of the scenario is measured in.
func (s scenario) unit() string {
	switch s.kind {
	case idle:
		return unitMemory
	case stalled:
		return "/s"
	}
	return "µs"
}

// takesTurns reports whether the servers of all peers run at the same time, and take turns.
// With many connections each they would not fit into one process of clients.
func (s scenario) takesTurns() bool { return s.kind == exchange && s.conns < crowd }

// casts reports whether the server sends to all in the scenario.
func (s scenario) casts() bool { return s.kind == broadcast || s.kind == stalled }

// checked reports whether p does what the scenario demands of text.
func (s scenario) checked(p peers.Peer) bool {
	return !s.utf8 || p.Raw || p.UTF8 != peers.Never
}

// possible reports whether p can do what the scenario demands.
func (s scenario) possible(p peers.Peer) bool {
	switch s.kind {
	case broadcast:
		return true
	case stalled:
		return p.Slow || p.Raw
	}
	return !p.Casts && p.Deflate >= s.deflate
}

// prepare returns what each connection of the scenario sends in turn. It takes
// a while when messages are large, and serves every peer.
func (s scenario) prepare() [][]load.Batch {
	senders := max(s.conns, 1)
	if s.casts() || s.kind == paced {
		senders = 1 // the same for all
	}
	sent := make([][]load.Batch, senders)
	for i := range sent {
		for turn := range uint64(2) {
			b := load.NewBatch(s.content, s.size, s.depth, 2*uint64(i)+turn)
			if s.deflate != load.Off {
				b = b.Deflated()
			}
			sent[i] = append(sent[i], b)
		}
	}
	return sent
}

// What is published, in parent and child: what is measured, and what fills the
// buffers of those who do not read.
var (
	broadcastPayload = load.Payload(load.Binary, 512, 1)
	fillPayload      = load.Payload(load.Binary, 16<<10, 1)
)

// pick returns the elements of all whose names are in the comma-separated list;
// all of them if it is empty.
func pick[T any](list string, all []T, name func(T) string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var picked []T
	for want := range strings.SplitSeq(list, ",") {
		n := len(picked)
		for _, x := range all {
			if name(x) == want {
				picked = append(picked, x)
			}
		}
		if len(picked) == n {
			var names []string
			for _, x := range all {
				names = append(names, name(x))
			}
			return nil, fmt.Errorf("race: there is no %q, only %s", want, strings.Join(names, ", "))
		}
	}
	return picked, nil
}
