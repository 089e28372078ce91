package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// stallFaults are peers that go on with nothing.
var stallFaults = []fault{
	{"stall: does not read, events", stopsReading(door{path: events}, 0)},
	{"stall: does not read, blocking", stopsReading(door{path: blocking}, 0)},
	{"stall: does not read, stream", stopsReading(door{path: stream}, 0)},
	{"stall: does not read, TLS", stopsReading(door{path: events, tls: true}, 0)},
	{"stall: does not read, compressed", stopsReading(door{path: events, offer: takeover}, 0)},
	{"stall: does not read what it has subscribed to", stopsReading(door{path: topics}, 2*time.Millisecond)},
	{"stall: stops inside a header", stops("", func(l *link) []byte { return l.wire(wstest.Binary(noise[:70_000]))[:5] })},
	{"stall: stops inside a payload", stops("", func(l *link) []byte { return l.wire(wstest.Binary(noise[:70_000]))[:60_000] })},
	{"stall: stops inside a large payload", stops("", func(l *link) []byte { return l.wire(wstest.Binary(noise[:largest]))[:700_000] })},
	{"stall: stops inside a Ping", stops("", func(l *link) []byte { return l.wire(wstest.Ping("never"))[:7] })},
	{"stall: stops between fragments", stops("", func(l *link) []byte { return l.wire(wstest.Text("begun").More()) })},
	{"stall: stops inside a compressed message", stops(takeover, func(l *link) []byte {
		packed := l.pack.Message(text(5000)(l.r).payload)
		return l.wire(wstest.CompressedFrames(websocket.OpText, packed, len(packed)/2+1)[0])
	})},
	{"stall: a byte now and then", func(a *attack) error {
		start := time.Now()
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		l.deaf = true
		go dribble(l.nc, l.wire(wstest.Text(strings.Repeat("x", 60_000))))
		return a.givesUp(l, start, a.limit)
	}},
	{"stall: answers no Ping", func(a *attack) error {
		start := time.Now()
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		l.deaf = true
		return a.givesUp(l, start, a.limit)
	}},
	{"stall: a request that is not finished", unfinished(20, false, "GET /events?id=1 HTTP/1.1\r\nHost: local")},
	{"stall: a TLS handshake that is not finished", unfinished(5, true, "\x16\x03\x01\x02\x00\x01\x00")},
	{"stall: a TLS handshake that is not begun", unfinished(5, true, "")},
	{"stall: a request, a byte now and then", func(a *attack) error {
		start := time.Now()
		nc, err := call(background, a.g.at.Plain, a.limit+a.timeout)
		if err != nil {
			return err
		}
		defer nc.Close()
		go dribble(nc, []byte("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "+strings.Repeat("x", 15_000)))
		return wantSilence(nc, start, a.limit)
	}},
}

// stopsReading asks for more and more, and takes nothing of it: the server has to cut
// the connection, and not before its limit.
func stopsReading(d door, pause time.Duration) func(a *attack) error {
	return func(a *attack) error {
		d := d
		d.topic = fmt.Sprint("stall", a.r.Uint64())
		start := time.Now()
		l, err := a.greet(d)
		if err != nil {
			return err
		}
		for err == nil {
			err = l.write(wstest.Binary(random(16 << 10)(a.r).payload))
			time.Sleep(pause)
		}
		if !isEnd(err) {
			return err
		}
		if err := since(start, a.limit); err != nil {
			return err
		}
		e, err := a.ending(l)
		if err == nil && !e.Timeout {
			err = fmt.Errorf("the server counts the connection as ended by %s, want a timeout", e.Err)
		}
		return err
	}
}

// stops sends something that goes on, and then nothing.
func stops(offer string, begin func(l *link) []byte) func(a *attack) error {
	return func(a *attack) error {
		start := time.Now()
		l, err := a.begin(offer, begin)
		if err != nil {
			return err
		}
		l.deaf = true // a Pong would be taken for the rest
		return a.givesUp(l, start, a.limit)
	}
}

// givesUp wants the server to end the connection because of a limit.
func (a *attack) givesUp(l *link, start time.Time, limit time.Duration) error {
	if err := l.wantClose(websocket.StatusPolicyViolation); err != nil {
		return err
	}
	if err := since(start, limit); err != nil {
		return err
	}
	return a.saw(l, websocket.StatusPolicyViolation)
}

// unfinished begins n opening handshakes, and waits until the server has ended them
// all.
func unfinished(n int, overTLS bool, begin string) func(a *attack) error {
	return func(a *attack) error {
		addr := a.g.at.Plain
		if overTLS {
			addr = a.g.at.TLS
		}
		start := time.Now()
		ends := make(chan error, n)
		for range n {
			nc, err := call(background, addr, a.limit+a.timeout)
			if err != nil {
				return err
			}
			defer nc.Close()
			if _, err := nc.Write([]byte(begin)); err != nil {
				return err
			}
			go func() { ends <- wantSilence(nc, start, a.limit) }()
		}
		for range n {
			if err := <-ends; err != nil {
				return err
			}
		}
		return nil
	}
}
