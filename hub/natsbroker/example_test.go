package natsbroker_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

// Two nodes, here in one process: what is published on one reaches the
// subscribers of the other.
func Example() {
	first, err := embedded.Start(embedded.Options{ClusterListen: "127.0.0.1:0"})
	if err != nil {
		log.Fatal(err)
	}
	defer first.Shutdown()
	second, err := embedded.Start(embedded.Options{Join: []string{first.ClusterAddr().String()}})
	if err != nil {
		log.Fatal(err)
	}
	defer second.Shutdown()

	var hubs [2]*hub.Hub
	for i, srv := range []*embedded.Server{first, second} {
		broker, err := natsbroker.Connect("", &natsbroker.Options{NATS: srv.ClientOptions()})
		if err != nil {
			log.Fatal(err)
		}
		if hubs[i], err = hub.New(&hub.Options{Broker: broker}); err != nil {
			log.Fatal(err)
		}
		defer hubs[i].Close()
	}

	client, server := websocket.Pipe(nil)
	defer server.CloseNow()
	defer client.CloseNow()
	if err := hubs[1].Subscribe(server, "chat.*"); err != nil {
		log.Fatal(err)
	}
	received := make(chan string)
	go func() {
		_, p, err := client.Read(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		received <- string(p)
	}()

	// The cluster needs a moment to learn of the subscription.
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		hubs[0].Publish("chat.room1", websocket.OpText, []byte("Hello"))
		select {
		case message := <-received:
			fmt.Println(message)
			return
		case <-retry.C:
		}
	}
	// Output: Hello
}
