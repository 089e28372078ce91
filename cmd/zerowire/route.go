package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// routes picks what a connection is for, by its path and its sub-protocol.
type routes struct {
	log   *slog.Logger
	quiet bool // hands connections on without looking at their messages
	hub   *hub.Hub
	game  *game
	meter *meter
}

// route returns the handler of one new connection.
func (r *routes) route(req *websocket.Request) (websocket.Handler, error) {
	switch req.Path() {
	case "/echo":
		return r.logging(echo), nil
	case "/ws":
		return &bySubprotocol{routes: r}, nil
	}
	return nil, &websocket.HandshakeError{Status: http.StatusNotFound, Reason: "try /echo or /ws"}
}

// logging returns h with a log of what happens to its connection.
func (r *routes) logging(h websocket.Handler) websocket.Handler {
	if r.quiet {
		return h
	}
	return &logged{Handler: h, log: r.log}
}

// bySubprotocol becomes the handler of the sub-protocol that the opening
// handshake agreed on: echo if that is none of ours.
type bySubprotocol struct {
	websocket.Handler // set by Open
	routes            *routes
}

func (h *bySubprotocol) Open(c *websocket.Conn) {
	r := h.routes
	switch c.Subprotocol() {
	case chatSubprotocol:
		h.Handler = r.logging(&chatGuest{hub: r.hub})
	case gameSubprotocol:
		h.Handler = r.logging(&player{game: r.game})
	case figuresSubprotocol:
		h.Handler = &onlooker{meter: r.meter, hub: r.hub} // the page's own, of no interest to a log
	default:
		h.Handler = r.logging(echo)
	}
	h.Handler.Open(c)
}

// echo sends every message back as it came. A failed write needs no answer
// here: the connection has ended, and its handler's Close is called next.
var echo websocket.MessageFunc = func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	_ = c.Write(context.Background(), op, p)
}
