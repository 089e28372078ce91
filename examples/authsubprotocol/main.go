// Command authsubprotocol is an echo server whose clients send a token in the opening
// handshake. Scripts in browsers cannot set an Authorization header there, but they can
// offer sub-protocols, and one of these carries the token:
//
//	new WebSocket("wss://example.com/", ["echo.v1", "bearer." + token])
//
// The server refuses a wrong token before there is a connection. It selects echo.v1, so the
// token is never sent back; browsers fail a connection for which no sub-protocol is
// selected. A token has to consist of letters, digits and -._~ (a JSON Web Token does);
// encode others as base64url without padding. Keep Sec-WebSocket-Protocol out of the logs
// of the proxies in front.
//
//	go run ./examples/authsubprotocol -token secret
//	zerowire connect --subprotocol echo.v1 --subprotocol bearer.secret ws://127.0.0.1:8000/
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/zerowire/websocket"
)

const (
	protocol = "echo.v1"
	prefix   = "bearer."
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	token := flag.String("token", "", "the token of the only user")
	flag.Parse()
	if *token == "" {
		log.Fatal("authsubprotocol: no token: use -token")
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(newServer(map[string]string{*token: "user"}).Serve(ln))
}

// users are the names of the users by the hash of their token. Hashes are compared, so that
// the time of a lookup reveals nothing about a token.
type users map[[sha256.Size]byte]string

// newServer returns a server for the users, by token.
func newServer(tokens map[string]string) *websocket.Server {
	known := users{}
	for token, user := range tokens {
		known[sha256.Sum256([]byte(token))] = user
	}
	return &websocket.Server{
		Route:   known.route,
		Options: websocket.Options{Subprotocols: []string{protocol}},
	}
}

// route returns the handler for a client with a token, and refuses one without.
func (u users) route(r *websocket.Request) (websocket.Handler, error) {
	speaks := false
	user := ""
	for offered := range r.Subprotocols() {
		if token, ok := strings.CutPrefix(offered, prefix); ok {
			user = u[sha256.Sum256([]byte(token))]
		}
		speaks = speaks || offered == protocol
	}
	switch {
	case !speaks:
		return nil, &websocket.HandshakeError{Status: http.StatusBadRequest, Reason: "offer the sub-protocol " + protocol}
	case user == "":
		return nil, &websocket.HandshakeError{Status: http.StatusUnauthorized, Reason: "no valid token"}
	}
	return echo{user}, nil
}

// echo serves one connection of a user.
type echo struct{ user string }

func (e echo) Open(c *websocket.Conn) {
	c.Write(context.Background(), websocket.OpText, []byte("welcome, "+e.user))
}

func (echo) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}

func (echo) Close(*websocket.Conn, error) {}
