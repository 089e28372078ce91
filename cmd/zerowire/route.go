package main

import (
	"log/slog"
	"net/http"

	"github.com/zerowire/websocket"
)

// routes picks what a connection is for, by its path and its sub-protocol.
type routes struct {
	log   *slog.Logger
	quiet bool // hands connections on without looking at their messages
	chat  *chat
	game  *game
}

// route returns the handler of one new connection.
func (r *routes) route(req *websocket.Request) (websocket.Handler, error) {
	var h websocket.Handler
	switch string(req.Path()) {
	case "/echo":
		h = echo
	case "/ws":
		h = &bySubprotocol{routes: r}
	default:
		return nil, &websocket.HandshakeError{Status: http.StatusNotFound, Reason: "try /echo or /ws"}
	}
	if !r.quiet {
		h = &logged{Handler: h, log: r.log}
	}
	return h, nil
}

// bySubprotocol becomes the handler of the sub-protocol that the opening
// handshake agreed on: echo if there is none.
type bySubprotocol struct {
	websocket.Handler // set by Open
	routes            *routes
}

func (h *bySubprotocol) Open(c *websocket.Conn) {
	switch c.Subprotocol() {
	case chatSubprotocol:
		h.Handler = &chatGuest{chat: h.routes.chat}
	case gameSubprotocol:
		h.Handler = &player{game: h.routes.game}
	default:
		h.Handler = echo
	}
	h.Handler.Open(c)
}
