package peers

import (
	"bytes"
	"net"
	"net/http"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/bench/load"
)

// serveGorilla is gorilla with its default settings, and one buffer for each
// connection that NextReader's messages are read into: ReadMessage allocates
// anew and costs three times as much when messages are large. It does not check
// UTF-8.
func serveGorilla(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*guarded[*websocket.Conn]](s)
	upgrader := websocket.Upgrader{EnableCompression: s.Deflate != load.Off} // by default its level is the fastest
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		g := &guarded[*websocket.Conn]{conn: c}
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
	}, func(g *guarded[*websocket.Conn], m *websocket.PreparedMessage) {
		g.write(func(c *websocket.Conn) error { return c.WritePreparedMessage(m) })
	})
}
