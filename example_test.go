package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/zerowire/websocket"
)

// listen starts srv on a free port and returns its URL. It is for the examples:
// a program calls srv.Serve itself.
func listen(srv *websocket.Server) (url string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(ln)
	return "ws://" + ln.Addr().String()
}

// ask connects to url, sends a message, and prints the answer.
func ask(url, message string) {
	ctx := context.Background()
	c, err := websocket.Dial(ctx, url, nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		fmt.Println(refused.Status, refused.Reason)
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(websocket.StatusNormalClosure, "")
	if err := c.Write(ctx, websocket.OpText, []byte(message)); err != nil {
		fmt.Println(err)
		return
	}
	if _, p, err := c.Read(ctx); err != nil {
		fmt.Println(err)
	} else {
		fmt.Printf("%s\n", p)
	}
}

// A server in the event form: a function is called with each message.
func ExampleServer() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
	}
	url := listen(srv)
	ask(url, "Hello")
	srv.Shutdown(context.Background())
	// Output:
	// Hello
}

// A server in the blocking form: each connection has a function that reads.
func ExampleBlocking() {
	srv := &websocket.Server{
		Handler: websocket.Blocking(func(c *websocket.Conn) {
			ctx := context.Background()
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return
				}
				greeting := fmt.Appendf(nil, "Hello, %s", m.Payload)
				if err := c.Write(ctx, websocket.OpText, greeting); err != nil {
					return
				}
			}
		}),
	}
	url := listen(srv)
	ask(url, "Gopher")
	srv.Shutdown(context.Background())
	// Output:
	// Hello, Gopher
}

// Route picks a Handler by the path, or refuses.
func ExampleServer_route() {
	upper := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, []byte(strings.ToUpper(string(p))))
	})
	srv := &websocket.Server{
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			switch r.Path() {
			case "/upper":
				return upper, nil
			case "/private":
				return nil, &websocket.HandshakeError{Status: http.StatusUnauthorized, Reason: "sign in first"}
			}
			return nil, nil // 404
		},
	}
	url := listen(srv)
	ask(url+"/upper", "hello")
	ask(url+"/private", "hello")
	srv.Shutdown(context.Background())
	// Output:
	// HELLO
	// 401 Unauthorized
}

// Client and server agree on a sub-protocol in the opening handshake; the server
// prefers the first of its own.
func ExampleOptions_subprotocols() {
	srv := &websocket.Server{
		Handler: websocket.Blocking(func(c *websocket.Conn) {
			c.Write(context.Background(), websocket.OpText, []byte("we speak "+c.Subprotocol()))
		}),
		Options: websocket.Options{Subprotocols: []string{"v2.chat.example", "v1.chat.example"}},
	}
	ctx := context.Background()
	c, err := websocket.Dial(ctx, listen(srv), &websocket.DialOptions{
		Options: websocket.Options{Subprotocols: []string{"v1.chat.example", "v2.chat.example"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	_, _, err = c.Read(ctx)
	fmt.Println(err)
	srv.Shutdown(ctx)
	// Output:
	// we speak v2.chat.example, <nil>
	// websocket: closed by the peer: 1000 normal closure
}

// Pipe connects two ends in memory, so that an application's handlers can be
// tested without a network.
func ExamplePipe() {
	greet := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, append([]byte("Hello, "), p...))
	})

	client, server := websocket.Pipe(nil)
	go server.Serve(greet)

	ctx := context.Background()
	client.Write(ctx, websocket.OpText, []byte("test"))
	_, p, err := client.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	fmt.Println(client.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// Hello, test, <nil>
	// <nil>
}

// A Writer and a Reader stream a message that nobody has to hold in memory.
func ExampleConn_Writer() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	sent := make(chan error)
	go func() {
		w, err := client.Writer(ctx, websocket.OpText)
		if err != nil {
			log.Fatal(err)
		}
		for i := range 100_000 {
			fmt.Fprintln(w, i)
		}
		sent <- w.Close()
	}()

	op, r, err := server.Reader(ctx)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	fmt.Println(op, n, err)
	fmt.Println(<-sent)
	// Output:
	// text 588890 <nil>
	// <nil>
}

// ReadAppend reads into memory of the caller's.
func ExampleConn_ReadAppend() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	for _, s := range []string{"to ", "be ", "kept"} {
		client.Write(ctx, websocket.OpText, []byte(s))
	}
	var kept []byte
	for range 3 {
		var err error
		if _, kept, err = server.ReadAppend(ctx, kept); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%s\n", kept)
	// Output:
	// to be kept
}

// A message for many connections is encoded once. A connection whose peer does
// not keep up drops its oldest messages, and holds up nobody.
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
				c.Write(context.Background(), op, []byte("joined"))
				return
			}
			m, err := websocket.Prepare(op, p)
			if err != nil {
				return
			}
			for c := range conns {
				if c.WritePrepared(context.Background(), m) != nil {
					delete(conns, c)
				}
			}
		}),
	}
	url := listen(srv)

	ctx := context.Background()
	var clients []*websocket.Conn
	for range 3 {
		c, err := websocket.Dial(ctx, url, nil)
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
	srv.Close()
	// Output:
	// 0: Hello, everybody, <nil>
	// 1: Hello, everybody, <nil>
	// 2: Hello, everybody, <nil>
}
