// Command echo serves WebSockets behind the framework echo, in the event form: the handler
// of echo returns after the opening handshake, and the connection goes on.
//
//	go run ./examples/frameworks/echo
//	zerowire connect ws://127.0.0.1:8000/rooms/lobby
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

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
	router := echo.New()
	router.Use(middleware.RequestLogger(), middleware.Recover())
	router.GET("/rooms/:room", room) // and CONNECT for WebSockets over HTTP/2
	return router
}

// room serves a connection whose messages are answered with the name of the room. echo
// reuses its Context when the handler has returned: so the name is taken out of it before.
func room(e *echo.Context) error {
	name := e.Param("room")
	c, err := upgrader.Upgrade(e.Response(), e.Request())
	if err != nil {
		return nil // the client has received the error: echo must not answer again
	}
	return c.Start(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, fmt.Appendf(nil, "%s: %s", name, p))
	}))
}
