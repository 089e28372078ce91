package main

import (
	"context"

	"github.com/zerowire/websocket"
)

// echo sends every message back as it came. A failed write needs no answer
// here: the connection has ended, and its handler's Close is called next.
var echo websocket.MessageFunc = func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	_ = c.Write(context.Background(), op, p)
}
