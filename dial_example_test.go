package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"time"

	"github.com/zerowire/websocket"
)

// echo answers each message with itself.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	}))
}

func ExampleDial() {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()

	if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
	c.Close(websocket.StatusNormalClosure, "")
	// Output: hello
}

// A response that refuses is in the error.
func ExampleDial_refused() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "120")
		http.Error(w, "come back later", http.StatusServiceUnavailable)
	}))
	defer srv.Close()

	_, err := websocket.Dial(context.Background(), srv.URL, nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		fmt.Printf("%d, try again in %s s: %s", refused.Status, refused.Header.Get("Retry-After"), refused.Body)
	}
	// Output: 503, try again in 120 s: come back later
}

// What a client may have to say: who it is, what it speaks, whom it trusts.
func ExampleDialOptions() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	opts := &websocket.DialOptions{
		Options:   websocket.Options{Subprotocols: []string{"chat.v2", "chat.v1"}, MaxMessage: 64 << 10},
		Header:    http.Header{"Authorization": {"Bearer token"}, "Origin": {"https://example.com"}},
		Jar:       jar,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
		Proxy:     websocket.ProxyFromEnvironment, // the default
	}
	c, err := websocket.Dial(context.Background(), "wss://example.invalid/chat", opts)
	if err != nil {
		return
	}
	defer c.CloseNow()
	fmt.Println(c.Subprotocol())
}
