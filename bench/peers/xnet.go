package peers

import (
	"net"

	"golang.org/x/net/websocket"
)

// serveXNet is golang.org/x/net/websocket with its default settings, behind
// net/http, and a Codec that keeps the type of a message. It does not check
// UTF-8, and has no prepared messages.
func serveXNet(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[*websocket.Conn](s)
	server := websocket.Server{Handler: func(c *websocket.Conn) {
		defer c.Close() // sends the Close frame
		conns.add(c)
		var m xnetMessage
		for xnetCodec.Receive(c, &m) == nil && xnetCodec.Send(c, &m) == nil {
		}
	}}
	go serveHTTP(ln, server.ServeHTTP)
	return publisher(conns, plain, func(c *websocket.Conn, p []byte) { websocket.Message.Send(c, p) })
}

type xnetMessage struct {
	payload []byte
	opcode  byte
}

var xnetCodec = websocket.Codec{
	Marshal: func(v any) ([]byte, byte, error) {
		m := v.(*xnetMessage)
		return m.payload, m.opcode, nil
	},
	Unmarshal: func(p []byte, opcode byte, v any) error {
		*v.(*xnetMessage) = xnetMessage{p, opcode}
		return nil
	},
}
