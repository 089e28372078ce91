// Httparena is the entry for the public board HttpArena: an echo server at :8080/ws, with
// the defaults of the library. README.md says how to send it.
package main

import (
	"context"
	"log"
	"net"
	"os"

	"github.com/zerowire/websocket"
)

func main() {
	addr := ":8080"
	if len(os.Args) > 1 {
		addr = os.Args[1]
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server().Serve(ln))
}

// server returns the server, which answers a request for another path with 404.
func server() *websocket.Server {
	echo := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})
	return &websocket.Server{Route: func(r *websocket.Request) (websocket.Handler, error) {
		if r.Path() != "/ws" {
			return nil, &websocket.HandshakeError{Status: 404}
		}
		return echo, nil
	}}
}
