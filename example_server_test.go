package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/zerowire/websocket"
)

// A server in the event form: a function is called with each message.
func ExampleServer() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p) // echo
		}),
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(ln) // a program stays in Serve
	defer srv.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.OpText, []byte("Hello")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	// Output:
	// Hello, <nil>
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
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.OpText, []byte("Gopher")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	// Output:
	// Hello, Gopher, <nil>
}

// Route selects a Handler by the path, or refuses.
func ExampleServer_route() {
	upper := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, bytes.ToUpper(p))
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
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := context.Background()
	for _, path := range []string{"/private", "/elsewhere", "/upper"} {
		c, err := websocket.Dial(ctx, web.URL+path, nil)
		if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
			fmt.Println(refused.Status, refused.Reason)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		c.Write(ctx, websocket.OpText, []byte("hello"))
		_, p, err := c.Read(ctx)
		fmt.Printf("%s, %v\n", p, err)
	}
	// Output:
	// 401 Unauthorized
	// 404 Not Found
	// HELLO, <nil>
}

// A Server is a handler of net/http. Its connections go on when ServeHTTP has returned.
func ExampleServer_ServeHTTP() {
	sockets := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
		MaxConns: 10_000,
	}
	mux := http.NewServeMux()
	mux.Handle("/echo", sockets)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "the page")
	})
	web := httptest.NewServer(mux) // a program calls http.ListenAndServe
	defer web.Close()
	defer sockets.Close() // http.Server does not know the WebSocket connections

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.OpText, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	// Output:
	// hello, <nil>
}

// Upgrade is for handlers that read. The Server counts and limits their connections, and
// Shutdown ends them: the loop ends with an error.
func ExampleServer_Upgrade() {
	sockets := &websocket.Server{MaxConns: 10_000}
	mux := http.NewServeMux()
	mux.HandleFunc("/rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
		c, err := sockets.Upgrade(w, r)
		if err != nil {
			return // the client has received the error
		}
		defer c.CloseNow()
		ctx := context.Background() // r.Context() ends with a middleware's time limit
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return
			}
			answer := fmt.Appendf(nil, "%s: %s", r.PathValue("room"), m.Payload)
			if err := c.Write(ctx, m.Opcode, answer); err != nil {
				return
			}
		}
	})
	web := httptest.NewServer(mux)
	defer web.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL+"/rooms/lobby", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.OpText, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)

	c.CloseRead(ctx) // answers the Close frame
	fmt.Println(sockets.Shutdown(ctx))
	// Output:
	// lobby: hello, <nil>
	// <nil>
}

// Shutdown sends a Close frame to every connection, and waits for the answers. A program
// calls it when it receives a signal; see signal.NotifyContext.
func ExampleServer_Shutdown() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}),
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.Serve(ln) }()

	c, err := websocket.Dial(context.Background(), "ws://"+ln.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	ended := make(chan error)
	go func() {
		_, _, err := c.Read(context.Background())
		ended <- err
	}()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println("Shutdown:", srv.Shutdown(ctx))
	fmt.Println("Serve:", <-served)
	fmt.Println("client:", <-ended)
	// Output:
	// Shutdown: <nil>
	// Serve: websocket: server closed
	// client: websocket: closed by the peer: 1001 going away
}
