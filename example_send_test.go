package websocket_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zerowire/websocket"
)

// An application that only writes. CloseRead reads for it, so that Pings are answered, and
// returns a context that ends with the connection.
func ExampleConn_CloseRead() {
	client, server := websocket.Pipe(nil) // a server calls Upgrade
	defer client.CloseNow()
	defer server.CloseNow()
	go func() {
		for range 2 {
			_, p, err := client.Read(context.Background())
			fmt.Printf("%s, %v\n", p, err)
		}
		client.Close(websocket.StatusNormalClosure, "enough")
	}()

	ctx := server.CloseRead(context.Background())
	for price := range 2 {
		if err := server.Write(ctx, websocket.OpText, fmt.Appendf(nil, "price %d", price)); err != nil {
			log.Fatal(err)
		}
	}
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	// Output:
	// price 0, <nil>
	// price 1, <nil>
	// websocket: closed by the peer: 1000 normal closure: "enough"
}

// Messages that are made one by one are sent together.
func ExampleConn_Queue() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	for i := range 3 {
		if err := server.Queue(ctx, websocket.OpText, fmt.Appendf(nil, "row %d", i)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(server.Pending() > 0)
	fmt.Println(server.Flush(ctx))
	for range 3 {
		_, p, err := client.Read(ctx)
		fmt.Printf("%s, %v\n", p, err)
	}
	// Output:
	// true
	// <nil>
	// row 0, <nil>
	// row 1, <nil>
	// row 2, <nil>
}

// The round-trip time to the peer, which answers while it reads.
func ExampleConn_Ping() {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	ctx := context.Background()
	client.CloseRead(ctx)
	server.CloseRead(ctx)

	rtt, err := server.Ping(ctx)
	fmt.Println(rtt > 0, err)
	// Output: true <nil>
}

// An application with a queue of its own sends it before the Close frame, also when
// Server.Shutdown closes the connection.
func ExampleConn_BeforeClose() {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	queue := []string{"the last", "two messages"}
	server.BeforeClose(func(ctx context.Context) {
		for _, message := range queue {
			server.Write(ctx, websocket.OpText, []byte(message))
		}
	})
	go server.Close(websocket.StatusGoingAway, "")

	for m, err := range client.Messages(context.Background()) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%s\n", m.Payload)
	}
	// Output:
	// the last
	// two messages
	// websocket: closed by the peer: 1001 going away
}
