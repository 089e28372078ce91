package peers

import (
	"bytes"
	"net"
	"net/http"

	"github.com/coder/websocket"

	"github.com/zerowire/websocket/bench/load"
)

// serveCoder is coder with its default settings but for the read limit, since
// 32 KiB would refuse the large messages, and one buffer for each connection
// that Reader's messages are read into, as in serveGorilla. It does not check
// UTF-8, and has no prepared messages.
func serveCoder(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*websocket.Conn](s)
	mode := []websocket.CompressionMode{load.Off: websocket.CompressionDisabled, load.Alone: websocket.CompressionNoContextTakeover, load.Takeover: websocket.CompressionContextTakeover}[s.Deflate]
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: mode, CompressionThreshold: 512})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		conns.add(c)
		var in bytes.Buffer
		for {
			op, r, err := c.Reader(background)
			if err != nil {
				return
			}
			in.Reset()
			if _, err := in.ReadFrom(r); err != nil || c.Write(background, op, in.Bytes()) != nil {
				return
			}
		}
	})
	return publisher(conns, plain, func(c *websocket.Conn, p []byte) { c.Write(background, websocket.MessageBinary, p) })
}
