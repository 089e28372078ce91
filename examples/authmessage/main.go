// Command authmessage is an echo server whose clients send a bearer token as their
// first message. Browsers cannot set an Authorization header on a WebSocket, and a token
// in the URL ends up in logs.
//
// Until a client has authenticated, the server accepts one small message, for a short
// time.
//
//	go run ./examples/authmessage -token secret
//	zerowire connect ws://127.0.0.1:8000/
//	> Bearer secret
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/zerowire/websocket"
)

const (
	maxToken   = 4 << 10         // bytes of the first message
	maxMessage = 1 << 20         // bytes of each later one
	loginTime  = 5 * time.Second // from the opening handshake to the token

	statusUnauthorized websocket.StatusCode = 3000 // registered with IANA
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	token := flag.String("token", "", "the token of the only user")
	flag.Parse()
	if *token == "" {
		log.Fatal("authmessage: no token: use -token")
	}
	web := &http.Server{Addr: *addr, Handler: newServer(map[string]string{*token: "user"}, loginTime), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// server authenticates clients and then echoes.
type server struct {
	users     map[[sha256.Size]byte]string // user names by the hash of the token
	upgrader  websocket.Upgrader
	loginTime time.Duration
}

// newServer returns a server for the users, by token. Only hashes of the tokens are kept
// and compared, so that the time of a lookup reveals nothing about a token.
func newServer(tokens map[string]string, loginTime time.Duration) *server {
	s := &server{
		users:     map[[sha256.Size]byte]string{},
		upgrader:  websocket.Upgrader{Options: websocket.Options{MaxMessage: maxToken}},
		loginTime: loginTime,
	}
	for token, user := range tokens {
		s.users[sha256.Sum256([]byte(token))] = user
	}
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := s.upgrader.Upgrade(w, r)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()
	user, err := s.login(c)
	if err != nil {
		c.Close(statusUnauthorized, err.Error())
		return
	}
	c.SetMaxMessage(maxMessage)

	ctx := context.Background()
	if err := c.Write(ctx, websocket.OpText, []byte("welcome, "+user)); err != nil {
		return
	}
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		c.Write(ctx, m.Opcode, m.Payload)
	}
}

// login reads the first message and returns the name of the user.
func (s *server) login(c *websocket.Conn) (user string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.loginTime)
	defer cancel()
	_, p, err := c.Read(ctx)
	if err != nil {
		return "", errors.New("no token in time")
	}
	token, _ := strings.CutPrefix(string(p), "Bearer ")
	user, ok := s.users[sha256.Sum256([]byte(token))]
	if !ok {
		return "", errors.New("token not valid")
	}
	return user, nil
}
