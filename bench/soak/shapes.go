package main

import "time"

// shape is a kind of honest client.
type shape struct {
	name    string
	doors   []door
	conns   int // at each door
	depth   int // messages in flight
	compose compose
	dress   dress
	pause   time.Duration // between two exchanges, at least

	stay stay // echoes if nil
}

func at(paths ...string) (doors []door) {
	for _, path := range paths {
		doors = append(doors, door{path: path})
	}
	return doors
}

func overTLS(doors []door) []door {
	for i := range doors {
		doors[i].tls = true
	}
	return doors
}

func offering(offer string, doors []door) []door {
	for i := range doors {
		doors[i].offer = offer
	}
	return doors
}

// shapes are the honest clients.
var shapes = []shape{
	{name: "text of 125 characters, one at a time", doors: at(events, blocking), conns: 6, depth: 1, compose: text(125), dress: whole},
	{name: "text of 125 characters, 32 at a time", doors: at(events, blocking), conns: 2, depth: 32, compose: text(125), dress: whole},
	{name: "text of 16 Ki characters, 4 at a time", doors: at(events, blocking), conns: 2, depth: 4, compose: text(16 << 10), dress: whole},
	{name: "binary of 1 MiB", doors: at(events, blocking, stream), conns: 1, depth: 2, compose: random(largest), dress: whole},
	{name: "anything up to 64 KiB, in fragments", doors: at(events, blocking, stream), conns: 2, depth: 4, compose: mixed(64 << 10), dress: fragments},
	{name: "compressed, each message by itself", doors: offering(noTakeover, at(events, blocking, stream)), conns: 2, depth: 4, compose: mixed(64 << 10), dress: compressed},
	{name: "compressed, with takeover", doors: offering(takeover, at(events, blocking, stream)), conns: 2, depth: 4, compose: mixed(64 << 10), dress: compressed},
	{name: "over TLS", doors: overTLS(at(events, blocking, stream)), conns: 2, depth: 4, compose: mixed(64 << 10), dress: whole},
	{name: "over TLS, compressed", doors: offering(takeover, overTLS(at(events, blocking))), conns: 1, depth: 4, compose: mixed(64 << 10), dress: compressed},
	{name: "by Dial, compressed with takeover", doors: offering(takeover, at(events, blocking, stream)), conns: 1, depth: 4, compose: mixed(64 << 10), stay: byDial},
	{name: "broadcast of 512 characters", doors: []door{
		{path: topics, topic: "news"},
		{path: topics, topic: "news", offer: takeover},
		{path: topics, topic: "news", offer: noTakeover, tls: true},
	}, conns: 3, pause: 5 * time.Millisecond, stay: broadcast},
}
