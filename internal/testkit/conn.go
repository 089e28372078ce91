package testkit

import (
	"net"

	"github.com/zerowire/websocket"
)

// NewConn is websocket.NewConn for a test that knows its handshake to be good: it panics
// where NewConn returns an error.
func NewConn(nc net.Conn, role websocket.Role, h websocket.Handshake, opts *websocket.Options) *websocket.Conn {
	c, err := websocket.NewConn(nc, role, h, opts)
	if err != nil {
		panic(err)
	}
	return c
}
