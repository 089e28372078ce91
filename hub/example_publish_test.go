package hub_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// A message is published once, to all connections that have subscribed to its topic or to a
// pattern that matches it.
func ExampleHub_Publish() {
	h, err := hub.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ctx := context.Background()
	var clients []*websocket.Conn
	for _, pattern := range []string{"chat.*", "chat.room1"} {
		client, server := websocket.Pipe(nil) // a server calls Upgrade
		defer client.CloseNow()
		defer server.CloseNow()
		if err := h.Subscribe(server, pattern); err != nil {
			log.Fatal(err)
		}
		clients = append(clients, client)
	}

	h.Publish("chat.room2", websocket.OpText, []byte("to room 2"))
	h.Publish("chat.room1", websocket.OpText, []byte("to room 1"))
	for i, c := range clients {
		_, p, err := c.Read(ctx)
		fmt.Printf("%d: %s, %v\n", i, p, err)
	}
	// Output:
	// 0: to room 2, <nil>
	// 1: to room 1, <nil>
}

// All subscribers but the sender receive a message.
func ExampleHub_PublishExcept() {
	h, err := hub.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ctx := context.Background()
	ann, annsEnd := websocket.Pipe(nil)
	bob, bobsEnd := websocket.Pipe(nil)
	defer ann.CloseNow()
	defer bob.CloseNow()
	for _, c := range []*websocket.Conn{annsEnd, bobsEnd} {
		defer c.CloseNow()
		if err := h.Subscribe(c, "board"); err != nil {
			log.Fatal(err)
		}
	}

	h.PublishExcept("board", websocket.OpText, []byte("ann is at 0.2, 0.5"), annsEnd)
	h.PublishExcept("board", websocket.OpText, []byte("bob is at 0.7, 0.1"), bobsEnd)
	for _, c := range []*websocket.Conn{ann, bob} {
		_, p, err := c.Read(ctx)
		fmt.Printf("%s, %v\n", p, err)
	}

	// Output:
	// bob is at 0.7, 0.1, <nil>
	// ann is at 0.2, 0.5, <nil>
}
