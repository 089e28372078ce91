package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/zerowire/websocket"
)

// Both ends ask for compression, and messages of Threshold bytes or more are compressed.
func ExampleCompression() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			ctx := context.Background()
			c.Write(ctx, op, p)
			// The size of a compressed message reveals something about its content.
			c.WriteUncompressed(ctx, op, []byte("a secret beside what the client chose: "+string(p[:9])))
		}),
		Options: websocket.Options{Compression: &websocket.Compression{}},
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL, &websocket.DialOptions{
		Options: websocket.Options{Compression: &websocket.Compression{Level: 6, Threshold: 100}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	fmt.Println(c.Extensions())
	c.Write(ctx, websocket.OpText, []byte(strings.Repeat("the same ", 1000)))
	for range 2 {
		_, p, err := c.Read(ctx)
		fmt.Println(len(p), err)
	}
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover
	// 9000 <nil>
	// 48 <nil>
}

// Client and server agree on a sub-protocol in the opening handshake. The server selects
// the first one of its own list that the client offers.
func ExampleOptions_subprotocols() {
	srv := &websocket.Server{
		Handler: websocket.Blocking(func(c *websocket.Conn) {
			c.Write(context.Background(), websocket.OpText, []byte("selected "+c.Subprotocol()))
		}),
		Options: websocket.Options{Subprotocols: []string{"v2.chat.example", "v1.chat.example"}},
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL, &websocket.DialOptions{
		Options: websocket.Options{Subprotocols: []string{"v1.chat.example", "v2.chat.example"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	// Output:
	// selected v2.chat.example, <nil>
}

// A message for many connections is encoded once. A connection whose peer reads too slowly
// drops its oldest messages, and delays no other. Package hub does this for topics.
func ExamplePrepared() {
	var (
		mu    sync.Mutex
		conns = map[*websocket.Conn]bool{}
	)
	srv := &websocket.Server{
		Options: websocket.Options{Overflow: websocket.DropOldest},
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			mu.Lock()
			defer mu.Unlock()
			if string(p) == "join" {
				conns[c] = true
				c.AfterClose(func() {
					mu.Lock()
					defer mu.Unlock()
					delete(conns, c)
				})
				c.Write(context.Background(), op, []byte("joined"))
				return
			}
			m, err := websocket.Prepare(op, p)
			if err != nil {
				return
			}
			for c := range conns {
				c.WritePrepared(context.Background(), m)
			}
		}),
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	var clients []*websocket.Conn
	for range 3 {
		c, err := websocket.Dial(ctx, web.URL, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		c.Write(ctx, websocket.OpText, []byte("join"))
		if _, p, err := c.Read(ctx); err != nil || string(p) != "joined" {
			log.Fatalf("%q, %v", p, err)
		}
		clients = append(clients, c)
	}
	clients[0].Write(ctx, websocket.OpText, []byte("Hello, everybody"))
	for i, c := range clients {
		_, p, err := c.Read(ctx)
		fmt.Printf("%d: %s, %v\n", i, p, err)
	}
	// Output:
	// 0: Hello, everybody, <nil>
	// 1: Hello, everybody, <nil>
	// 2: Hello, everybody, <nil>
}
