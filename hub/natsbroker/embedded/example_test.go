package embedded_test

import (
	"fmt"
	"log"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

// A server that only its own process can reach, and a client of NATS. A hub connects with
// natsbroker.Connect in the same way.
func ExampleStart() {
	srv, err := embedded.Start(embedded.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()

	nc, err := nats.Connect("", srv.ClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync("greetings")
	if err != nil {
		log.Fatal(err)
	}
	if err := nc.Publish("greetings", []byte("Hello")); err != nil {
		log.Fatal(err)
	}
	message, err := sub.NextMsg(5 * time.Second)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", message.Data)
	// Output: Hello
}
