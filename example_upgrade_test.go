package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// A handler of net/http that reads.
func ExampleUpgrade() {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return // the client has received the error
		}
		defer c.CloseNow()
		ctx := context.Background() // r.Context() ends with a middleware's time limit
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return
			}
			if err := c.Write(ctx, m.Opcode, m.Payload); err != nil {
				return
			}
		}
	})
	web := httptest.NewServer(mux)
	defer web.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.OpText, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	fmt.Println(c.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// hello, <nil>
	// <nil>
}

// A Refusal names the rule that a request has violated.
func ExampleUpgrade_refused() {
	r := httptest.NewRequest("GET", "/chat", nil) // the URL was typed into a browser
	w := httptest.NewRecorder()
	_, err := websocket.Upgrade(w, r, nil)

	refused, _ := errors.AsType[*websocket.HandshakeError](err)
	refusal, _ := errors.AsType[codec.Refusal](err)
	fmt.Println(refused.Status, refusal == codec.ErrUpgrade)
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 426 true
	// 426 Upgrade header does not name websocket: connect with a WebSocket client, and have proxies pass on Upgrade and Connection
}

// An Upgrader prepares its Options once, for all requests. Start serves the connection on
// goroutines of the library, so that the handler returns and its memory is released.
func ExampleUpgrader() {
	upgrader := websocket.Upgrader{Options: websocket.Options{
		MaxMessage: 64 << 10,
		Origins:    []string{"https://app.example.com"}, // besides pages of the own host
	}}
	handler := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r); err == nil {
			c.Start(handler)
		}
	}))
	defer web.Close()

	ctx := context.Background()
	for _, origin := range []string{"https://evil.example", "https://app.example.com"} {
		c, err := websocket.Dial(ctx, web.URL, &websocket.DialOptions{Header: http.Header{"Origin": {origin}}})
		if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
			fmt.Println(refused.Status)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		c.Write(ctx, websocket.OpText, []byte("hello"))
		_, p, err := c.Read(ctx)
		fmt.Printf("%s, %v\n", p, err)
		c.Close(websocket.StatusNormalClosure, "")
	}
	// Output:
	// 403
	// hello, <nil>
}

// Negotiate is for servers other than net/http. The program has received a request, and
// sends the response itself.
func ExampleUpgrader_Negotiate() {
	var upgrader websocket.Upgrader
	serve := func(nc net.Conn) error {
		in := bufio.NewReader(nc)
		r, err := http.ReadRequest(in)
		if err != nil {
			return err
		}
		key := r.Header.Get("Sec-WebSocket-Key")
		if r.Method != http.MethodGet || !codec.HasToken(r.Header.Get("Upgrade"), "websocket") || !codec.ValidKey(key) {
			return errors.New("no opening handshake") // after a response with 400
		}
		result, err := upgrader.Negotiate(r.Host, r.Header)
		if err != nil {
			return err // after a response with the status of a HandshakeError
		}
		response, err := codec.AppendResponse(nil, []byte(key), result.Subprotocol, result.Extensions)
		if err != nil {
			return err
		}
		if _, err := nc.Write(response); err != nil {
			return err
		}
		result.Early, _ = in.Peek(in.Buffered()) // the first frames may be there already
		c, err := websocket.NewConn(nc, websocket.RoleServer, result, &upgrader.Options)
		if err != nil {
			return err
		}
		return c.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}))
	}

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error)
	go func() {
		nc, err := ln.Accept()
		if err == nil {
			err = serve(nc)
		}
		served <- err
	}()
	ctx := context.Background()
	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.OpText, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	c.Close(websocket.StatusNormalClosure, "")
	fmt.Println(<-served)
	// Output:
	// hello, <nil>
	// websocket: closed by the peer: 1000 normal closure
}
