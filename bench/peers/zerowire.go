package peers

import (
	"context"
	"net"
	"net/http"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/hub"
)

var background = context.Background()

// serveEvents is the event form, in default settings.
func serveEvents(ln net.Listener, s Settings) func(p []byte) {
	e := events{newRoster[*websocket.Conn](s)}
	go (&websocket.Server{Handler: e, Options: options(s)}).Serve(ln)
	return publishZerowire(e.conns)
}

// serveHub is the event form with a hub, both in default settings: all connections
// subscribe to one topic. For connections that do not read the hub drops what
// has waited longest past 64 KiB, and closes them after 10 s.
func serveHub(ln net.Listener, s Settings) func(p []byte) {
	topics, _ := hub.New(nil) // only a broker can fail
	go (&websocket.Server{Handler: subscribers{events{}, topics}, Options: options(s)}).Serve(ln)
	return func(p []byte) { topics.Publish("all", websocket.OpBinary, p) }
}

// subscribers echo, and subscribe.
type subscribers struct {
	events
	topics *hub.Hub
}

func (h subscribers) Open(c *websocket.Conn) { h.topics.Subscribe(c, "all") }

// options are the default ones, and compression if it is asked for. For
// connections that do not read, Overflow has writes drop what has waited longest
// past 64 KiB: by default they wait, up to WriteTimeout.
func options(s Settings) (o websocket.Options) {
	if s.Slow {
		o.Overflow = websocket.DropOldest
	}
	if s.Deflate != load.Off {
		o.Compression = &websocket.Compression{Takeover: s.Deflate == load.Takeover}
	}
	return o
}

// events echoes.
type events struct{ conns *roster[*websocket.Conn] }

func (e events) Open(c *websocket.Conn) { e.conns.add(c) }
func (e events) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(background, op, p)
}
func (e events) Close(*websocket.Conn, error) {}

// serveBlocking is the blocking form, in default settings.
func serveBlocking(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*websocket.Conn](s)
	go (&websocket.Server{Handler: websocket.Blocking(func(c *websocket.Conn) {
		conns.add(c)
		echo(c)
	}), Options: options(s)}).Serve(ln)
	return publishZerowire(conns)
}

func publishZerowire(conns *roster[*websocket.Conn]) func(p []byte) {
	return publisher(conns, func(p []byte) *websocket.Prepared {
		m, _ := websocket.Prepare(websocket.OpBinary, p) // binary is always valid
		return m
	}, func(c *websocket.Conn, m *websocket.Prepared) { c.WritePrepared(background, m) })
}

// serveUpgrade is the blocking form behind net/http, in default settings: the handler
// stays until the connection ends.
func serveUpgrade(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*websocket.Conn](s)
	upgrader := websocket.Upgrader{Options: options(s)}
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		defer c.CloseNow()
		conns.add(c)
		echo(c)
	})
	return publishZerowire(conns)
}

// echo sends back what c receives, until it ends.
func echo(c *websocket.Conn) {
	for {
		op, p, err := c.Read(background)
		if err != nil || c.Write(background, op, p) != nil {
			return
		}
	}
}
