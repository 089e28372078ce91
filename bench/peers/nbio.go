package peers

import (
	"net"
	"net/http"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// serveNBIO is nbio in its blocking mode behind net/http, with its default
// settings but for BlockingModAsyncWrite: writing on a goroutine of its own
// guards broadcasts against slow clients and costs an echo. It checks UTF-8, and
// has no prepared messages.
func serveNBIO(ln net.Listener, s Settings) func(p []byte) {
	logging.SetLevel(logging.LevelNone)
	conns := newRoster[*websocket.Conn](s)
	upgrader := websocket.NewUpgrader()
	upgrader.BlockingModAsyncWrite = false
	upgrader.OnOpen(func(c *websocket.Conn) { conns.add(c) })
	upgrader.OnMessage(func(c *websocket.Conn, op websocket.MessageType, p []byte) { c.WriteMessage(op, p) })
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) { upgrader.Upgrade(w, r, nil) })
	return publisher(conns, plain, func(c *websocket.Conn, p []byte) { c.WriteMessage(websocket.BinaryMessage, p) })
}
