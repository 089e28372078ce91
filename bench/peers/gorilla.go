package peers

import (
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/bench/load"
)

// serveGorilla is gorilla with its default settings, and one buffer for each
// connection that NextReader's messages are read into: ReadMessage allocates
// anew and costs three times as much when messages are large. It does not check
// UTF-8. For connections that do not read each gets what its chat example gives a
// client: see gorillaClient.
func serveGorilla(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*gorillaClient](s)
	upgrader := websocket.Upgrader{EnableCompression: s.Deflate != load.Off} // by default its level is the fastest
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		g := &gorillaClient{guarded: guarded[*websocket.Conn]{conn: c}}
		if s.Slow {
			g.queue = make(chan *websocket.PreparedMessage, 256)
			go g.pump()
		}
		conns.add(g)
		var in bytes.Buffer
		for {
			op, r, err := c.NextReader()
			if err != nil {
				return
			}
			in.Reset()
			if _, err := in.ReadFrom(r); err != nil {
				return
			}
			if g.write(func(c *websocket.Conn) error { return c.WriteMessage(op, in.Bytes()) }) != nil {
				return
			}
		}
	})
	return publisher(conns, func(p []byte) *websocket.PreparedMessage {
		m, _ := websocket.NewPreparedMessage(websocket.BinaryMessage, p)
		return m
	}, (*gorillaClient).publish)
}

// gorillaClient is a connection, and in the way of gorilla's chat example, if
// queue is there, a goroutine that writes with a deadline of 10 s. A
// connection with 256 messages in its queue is closed.
type gorillaClient struct {
	guarded[*websocket.Conn]
	queue chan *websocket.PreparedMessage
}

func (g *gorillaClient) publish(m *websocket.PreparedMessage) {
	if g.queue == nil {
		g.write(func(c *websocket.Conn) error { return c.WritePreparedMessage(m) })
		return
	}
	select {
	case g.queue <- m:
	default:
		g.conn.Close()
	}
}

// pump sends what is queued until that fails.
func (g *gorillaClient) pump() {
	for m := range g.queue {
		err := g.write(func(c *websocket.Conn) error {
			c.SetWriteDeadline(time.Now().Add(10 * time.Second))
			return c.WritePreparedMessage(m)
		})
		if err != nil {
			return
		}
	}
}
