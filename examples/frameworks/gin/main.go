// Command gin serves WebSockets behind gin, with a handler that reads.
//
// gin reuses a gin.Context when its handler has returned. A handler that reads stays until
// the connection has ended, so it may use its gin.Context. For a connection that is passed
// to Conn.Start or to another goroutine, take all that is needed out of it before.
//
//	go run ./examples/frameworks/gin
//	zerowire connect ws://127.0.0.1:8000/rooms/lobby
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	web := &http.Server{Addr: *addr, Handler: newRouter(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

var upgrader websocket.Upgrader // with the default Options

func newRouter() http.Handler {
	router := gin.New()
	router.Use(gin.Logger(), gin.Recovery())
	router.GET("/rooms/:room", room) // and Handle("CONNECT", …) for WebSockets over HTTP/2
	return router
}

// room answers each message with the name of the room, until the connection ends.
func room(g *gin.Context) {
	c, err := upgrader.Upgrade(g.Writer, g.Request)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()
	ctx := context.Background() // that of the request ends with a middleware's time limit
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		answer := fmt.Appendf(nil, "%s: %s", g.Param("room"), m.Payload)
		if err := c.Write(ctx, m.Opcode, answer); err != nil {
			return
		}
	}
}
