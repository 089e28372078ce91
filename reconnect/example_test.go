package reconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/reconnect"
)

// A client subscribes again whenever its server has closed the connection. It gives up when
// the server refuses it for good.
func Example() {
	connections := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if connections++; connections > 2 {
			http.Error(w, "gone", http.StatusGone)
			return
		}
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		ctx := context.Background()
		_, topic, err := c.Read(ctx)
		if err != nil {
			return
		}
		c.Write(ctx, websocket.OpText, fmt.Appendf(nil, "%s: update %d", topic, connections))
		c.Close(websocket.StatusGoingAway, "deploying")
	}))
	defer srv.Close()

	client := &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) {
			return websocket.Dial(ctx, srv.URL, nil)
		},
		Subscribe: func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.OpText, []byte("prices"))
		},
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				fmt.Printf("%s\n", m.Payload)
			}
			return nil
		},
		BaseDelay: time.Millisecond,
	}
	err := client.Run(context.Background())
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		fmt.Println("given up:", refused.Status)
	}
	// Output:
	// prices: update 1
	// prices: update 2
	// given up: 410
}

// Write sends on the connection, or queues while there is none.
func ExampleClient_Write() {
	received := make(chan string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				return
			}
			received <- string(m.Payload)
		}
	}))
	defer srv.Close()

	client := &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) {
			return websocket.Dial(ctx, srv.URL, nil)
		},
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}))
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	fmt.Println(client.Write(ctx, websocket.OpText, []byte("before the connection")))
	ended := make(chan error)
	go func() { ended <- client.Run(ctx) }()
	fmt.Println(<-received)
	cancel()
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// before the connection
	// context canceled
}
