// A hub whose messages pass through an embedded NATS server.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

func main() {
	srv, err := embedded.Start(embedded.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()
	broker, err := natsbroker.Connect("", &natsbroker.Options{NATS: srv.ClientOptions()})
	if err != nil {
		log.Fatal(err)
	}
	h, err := hub.New(&hub.Options{Broker: broker})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	if err := h.Subscribe(server, "greetings"); err != nil {
		log.Fatal(err)
	}
	h.Publish("greetings", websocket.OpText, []byte("hello"))
	_, p, err := client.Read(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
}
