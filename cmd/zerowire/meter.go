package main

import (
	"context"
	"errors"
	"maps"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// meter counts what the hooks of a server report. Connections that only
// show these figures are left out of them.
type meter struct {
	started  time.Time
	accepted atomic.Uint64
	opened   atomic.Uint64
	open     atomic.Int64
	received traffic
	sent     traffic

	ends atomic.Pointer[ends] // nil until the server ends
	rtt  func(time.Duration)  // called with round-trip times of connections; nil without --metrics

	mu      sync.Mutex
	refused map[string]uint64 // opening handshakes, by HTTP status
	closed  map[string]uint64 // connections, by closeClass
}

// traffic counts the messages of one direction.
type traffic struct{ text, binary tally }

type tally struct{ messages, bytes atomic.Uint64 }

// ends counts how the connections end that were open when the server began
// to end.
type ends struct{ clean, aborted atomic.Int64 }

func newMeter() *meter {
	return &meter{started: time.Now(), refused: map[string]uint64{}, closed: map[string]uint64{}}
}

// hooks returns the hooks that count.
func (m *meter) hooks() websocket.Hooks {
	return websocket.Hooks{
		Accepted: func(net.Addr) { m.accepted.Add(1) },
		Refused:  func(_ *websocket.Request, err error) { m.count(m.refused, refusalStatus(err)) },
		Opened:   m.connOpened,
		Received: func(c *websocket.Conn, op websocket.Opcode, n int) { m.received.count(c, op, n) },
		Sent:     func(c *websocket.Conn, op websocket.Opcode, n int) { m.sent.count(c, op, n) },
		Closed:   m.connClosed,
	}
}

func (m *meter) connOpened(c *websocket.Conn, _ *websocket.Request) {
	if showsFigures(c) {
		return
	}
	m.opened.Add(1)
	m.open.Add(1)
	if m.rtt != nil {
		probe(c, m.rtt)
	}
}

func (m *meter) connClosed(c *websocket.Conn, err error) {
	if ends := m.ends.Load(); ends != nil {
		ends.count(err)
	}
	if showsFigures(c) {
		return
	}
	m.open.Add(-1)
	m.count(m.closed, closeClass(websocket.CloseStatus(err)))
}

func (t *traffic) count(c *websocket.Conn, op websocket.Opcode, n int) {
	if showsFigures(c) {
		return
	}
	kind := &t.text
	if op == websocket.OpBinary {
		kind = &t.binary
	}
	kind.messages.Add(1)
	kind.bytes.Add(uint64(n))
}

func (m *meter) count(in map[string]uint64, what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in[what]++
}

// count counts an end by err: a clean one if the peer's Close frame has come.
func (e *ends) count(err error) {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Err == nil {
		e.clean.Add(1)
	} else {
		e.aborted.Add(1)
	}
}

// refusalStatus returns the HTTP status that a refused opening handshake was
// answered with, "none" if the network, or TLS, ended it.
func refusalStatus(err error) string {
	if r, ok := errors.AsType[codec.Refusal](err); ok {
		return strconv.Itoa(r.HTTPStatus())
	}
	if e, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return strconv.Itoa(e.Status)
	}
	return "none"
}

// closeClass returns the status code with which a connection ended, or its
// range where those of applications begin: peers choose them, and shall not
// choose how much there is to keep.
func closeClass(code websocket.StatusCode) string {
	switch {
	case code < 3000:
		return strconv.Itoa(int(code))
	case code < 4000:
		return "3xxx"
	}
	return "4xxx"
}

// figures is what a meter has counted.
type figures struct {
	Uptime   float64           `json:"uptime"` // seconds
	Accepted uint64            `json:"accepted"`
	Refused  map[string]uint64 `json:"refused"`
	Opened   uint64            `json:"opened"`
	Open     int64             `json:"open"`
	Closed   map[string]uint64 `json:"closed"`
	Received flow              `json:"received"`
	Sent     flow              `json:"sent"`
}

type flow struct {
	Text   volume `json:"text"`
	Binary volume `json:"binary"`
}

type volume struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// figures returns what was counted so far.
func (m *meter) figures() figures {
	m.mu.Lock()
	refused, closed := maps.Clone(m.refused), maps.Clone(m.closed)
	m.mu.Unlock()
	return figures{
		Uptime:   time.Since(m.started).Seconds(),
		Accepted: m.accepted.Load(),
		Refused:  refused,
		Opened:   m.opened.Load(),
		Open:     m.open.Load(),
		Closed:   closed,
		Received: m.received.flow(),
		Sent:     m.sent.flow(),
	}
}

func (t *traffic) flow() flow { return flow{t.text.volume(), t.binary.volume()} }

func (t *tally) volume() volume { return volume{t.messages.Load(), t.bytes.Load()} }

const (
	probeInterval = 15 * time.Second // how often Prometheus asks, by default
	probeTimeout  = 5 * time.Second  // for the Pong
)

// probe pings c once every interval, and calls observe with each round trip, until c
// has ended.
func probe(c *websocket.Conn, observe func(time.Duration)) {
	time.AfterFunc(probeInterval, func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		defer cancel()
		rtt, err := c.Ping(ctx)
		switch {
		case err == nil:
			observe(rtt)
		case ctx.Err() == nil:
			return // c has ended
		}
		probe(c, observe)
	})
}
