package peers

import (
	"bytes"
	"net"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"

	"github.com/zerowire/websocket/bench/load"
)

// serveFastHTTP is gorilla's fork for fasthttp, as serveGorilla otherwise.
func serveFastHTTP(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*guarded[*websocket.Conn]](s)
	upgrader := websocket.FastHTTPUpgrader{EnableCompression: s.Deflate != load.Off}
	server := fasthttp.Server{Logger: discard, Handler: func(ctx *fasthttp.RequestCtx) {
		upgrader.Upgrade(ctx, func(c *websocket.Conn) {
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
	}}
	go server.Serve(ln)
	return publisher(conns, func(p []byte) *websocket.PreparedMessage {
		m, _ := websocket.NewPreparedMessage(websocket.BinaryMessage, p)
		return m
	}, func(g *guarded[*websocket.Conn], m *websocket.PreparedMessage) {
		g.write(func(c *websocket.Conn) error { return c.WritePreparedMessage(m) })
	})
}
