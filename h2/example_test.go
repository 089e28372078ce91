package h2_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// A Transport is shared by all connections to a server. It uses HTTP/1.1 with a server that
// has not announced WebSockets over HTTP/2, as this one has not: see docs/http2.md.
func ExampleTransport() {
	sockets := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
	}
	web := httptest.NewUnstartedServer(sockets)
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	defer sockets.Close()

	transport := &h2.Transport{TLSConfig: web.Client().Transport.(*http.Transport).TLSClientConfig}
	ctx := context.Background()
	for _, path := range []string{"/chat", "/prices"} {
		c, err := transport.Dial(ctx, web.URL+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		c.Write(ctx, websocket.OpText, []byte(path))
		_, p, err := c.Read(ctx)
		fmt.Printf("%s, %v\n", p, err)
	}
	// Output:
	// /chat, <nil>
	// /prices, <nil>
}
