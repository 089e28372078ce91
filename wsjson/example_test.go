package wsjson_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

// Each message is one JSON text. Write may be called concurrently.
func Example() {
	type move struct {
		Piece string `json:"piece"`
		To    string `json:"to"`
	}
	ctx := context.Background()
	client, server := websocket.Pipe(nil) // a client calls Dial, a server Upgrade
	defer client.CloseNow()
	defer server.CloseNow()

	if err := wsjson.Write(ctx, client, move{"knight", "f3"}); err != nil {
		log.Fatal(err)
	}
	var m move
	if err := wsjson.Read(ctx, server, &m); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Piece, m.To)
	// Output: knight f3
}

// A message that is not the expected JSON leaves the connection as it is. The reader
// decides whether to read on or to close it.
func ExampleRead() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	for _, message := range []string{`"one"`, `2`, `[3`} {
		client.Write(ctx, websocket.OpText, []byte(message))
	}

	for range 3 {
		var n int
		err := wsjson.Read(ctx, server, &n)
		fmt.Println(n, err != nil)
	}
	// Output:
	// 0 true
	// 2 false
	// 0 true
}
