package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// The paths of the server under test: one for each form.
const (
	events   = "/events"   // a Handler
	blocking = "/blocking" // Read and Write
	stream   = "/stream"   // Reader and Writer
	topics   = "/hub"      // a hub: what one sends, all get who have named the same topic
	page     = "/page"     // no WebSocket
)

// pageText is what the page says.
const pageText = "beside the sockets\n"

// write is how the server answers: the method Write of Conn, but in tests of this
// program that want a server which is broken.
type write func(c *websocket.Conn, ctx context.Context, op websocket.Opcode, p []byte) error

var background = context.Background()

// house is what serves one generation.
type house struct {
	guests *guests
	write  write
	topics *hub.Hub
	server *websocket.Server
}

// largest is the largest message that the server takes, in bytes.
const largest = 1 << 20

func newHouse(g *guests, w write, limit time.Duration, logger *complaints) (*house, error) {
	h := &house{guests: g, write: w}
	var err error
	// So much may wait for a subscriber that none drops anything who only was not
	// scheduled for a while.
	if h.topics, err = hub.New(&hub.Options{MaxPending: 16 << 20, Logger: logger.logger()}); err != nil {
		return nil, err
	}
	h.server = &websocket.Server{
		Route: h.route,
		HTTP:  http.HandlerFunc(servePage),
		Options: websocket.Options{
			MaxMessage:       largest,
			HandshakeTimeout: limit, MessageTimeout: limit, WriteTimeout: limit, CloseTimeout: limit,
			PingInterval: limit / 2, PongTimeout: limit,
			Compression: &websocket.Compression{Takeover: true},
			Hooks:       websocket.Hooks{Opened: g.opened, Closed: g.closed},
			Logger:      logger.logger(),
		},
	}
	return h, nil
}

func servePage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != page {
		websocket.WriteRefusal(w, r)
		return
	}
	io.WriteString(w, pageText)
}

// route returns the Handler of the form that the path names, for the guest that the
// query names.
func (h *house) route(r *websocket.Request) (websocket.Handler, error) {
	query, err := url.ParseQuery(r.Query())
	if err != nil {
		return nil, &websocket.HandshakeError{Status: http.StatusBadRequest, Reason: "malformed query"}
	}
	id, err := strconv.ParseUint(query.Get("id"), 10, 64)
	if err != nil {
		return nil, &websocket.HandshakeError{Status: http.StatusBadRequest, Reason: "no id"}
	}
	switch r.Path() {
	case events:
		return &echoEvents{house: h, id: id}, nil
	case blocking:
		return websocket.Blocking(func(c *websocket.Conn) { h.echoBlocking(c, h.guests.enter(c, id)) }), nil
	case stream:
		return websocket.Blocking(func(c *websocket.Conn) { h.echoStream(c, h.guests.enter(c, id)) }), nil
	case topics:
		return &publishEvents{house: h, id: id, topic: query.Get("topic")}, nil
	}
	return nil, nil
}

// answer sends p to the guest, and notes it.
func (h *house) answer(c *websocket.Conn, g *guest, op websocket.Opcode, p []byte) error {
	n := len(p)
	err := h.write(c, background, op, p)
	g.answered(n, err)
	return err
}

// echoEvents is the event form.
type echoEvents struct {
	house *house
	id    uint64
	guest *guest
}

func (e *echoEvents) Open(c *websocket.Conn) { e.guest = e.house.guests.enter(c, e.id) }
func (e *echoEvents) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	e.house.answer(c, e.guest, op, p)
}
func (e *echoEvents) Close(*websocket.Conn, error) {}

// echoBlocking is the blocking form.
func (h *house) echoBlocking(c *websocket.Conn, g *guest) {
	for {
		op, p, err := c.Read(background)
		if err != nil {
			return
		}
		// Who may not write any more still has to read: the peer's Close frame comes.
		if err := h.answer(c, g, op, p); err != nil && !errors.Is(err, websocket.ErrClosed) {
			return
		}
	}
}

// echoStream is the blocking form, with messages that are never held as a whole.
func (h *house) echoStream(c *websocket.Conn, g *guest) {
	for {
		op, r, err := c.Reader(background)
		if err != nil {
			return
		}
		w, err := c.Writer(background, op)
		if err == nil {
			var n int64
			n, err = io.Copy(w, r)
			err = errors.Join(err, w.Close())
			g.answered(int(n), err)
		}
		if err != nil && !errors.Is(err, websocket.ErrClosed) {
			return
		}
	}
}

// publishEvents publishes what comes to all who have subscribed to the same topic.
type publishEvents struct {
	house *house
	id    uint64
	topic string
}

func (e *publishEvents) Open(c *websocket.Conn) {
	e.house.guests.enter(c, e.id)
	if e.house.topics.Subscribe(c, e.topic) != nil {
		c.CloseNow()
	}
}
func (e *publishEvents) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	e.house.topics.Publish(e.topic, op, p)
}
func (e *publishEvents) Close(*websocket.Conn, error) {}
