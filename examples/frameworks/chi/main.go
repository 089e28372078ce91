// Command chi serves WebSockets behind the middlewares of chi. A websocket.Server is an
// http.Handler, so that it is a route like any other.
//
// middleware.Timeout ends the context of a request, and answers with 504 if the handler is
// still there. A Server does not stay: its ServeHTTP returns after the opening handshake,
// and the connection does not use that context. Its Shutdown closes all connections; that
// of http.Server does not.
//
//	go run ./examples/frameworks/chi
//	zerowire connect ws://127.0.0.1:8000/rooms/lobby
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	web := &http.Server{Addr: *addr, Handler: newRouter(10 * time.Second), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// newRouter returns a router with a time limit for requests.
func newRouter(limit time.Duration) http.Handler {
	rooms := &websocket.Server{Route: func(r *websocket.Request) (websocket.Handler, error) {
		return room(chi.URLParam(r.HTTP(), "room")), nil
	}}
	router := chi.NewRouter()
	router.Use(middleware.RequestID, middleware.Logger, middleware.Recoverer, middleware.Timeout(limit))
	router.Handle("/rooms/{room}", rooms) // not Get: over HTTP/2 the method is CONNECT
	return router
}

// room is the Handler of one connection: it answers with the name of the room.
type room string

func (room) Open(*websocket.Conn) {}

func (name room) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, fmt.Appendf(nil, "%s: %s", name, p))
}

func (room) Close(*websocket.Conn, error) {}
