// Command mqtt is an MQTT broker whose clients connect with WebSockets, as those in browsers
// have to, and a client that prints what is published. MQTT is a protocol of bytes: both
// ends give it a net.Conn over the messages of a WebSocket.
//
//	go run ./examples/mqtt -listen 127.0.0.1:8000
//	go run ./examples/mqtt -watch ws://127.0.0.1:8000/mqtt
//
// Other clients reach it, too: mqtt.connect("ws://127.0.0.1:8000/mqtt") of MQTT.js.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"

	"github.com/zerowire/websocket"
)

// options are those of both ends. MQTT 5.0, section 6, requires this sub-protocol and
// binary messages.
var options = websocket.Options{Subprotocols: []string{"mqtt"}}

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address that the broker listens on")
	watch := flag.String("watch", "", "URL of a broker whose messages are printed")
	flag.Parse()
	if *watch == "" {
		handler, err := newBroker()
		if err != nil {
			log.Fatal(err)
		}
		web := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
		log.Fatal(web.ListenAndServe())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := connect(ctx, *watch, func(p *paho.Publish) { fmt.Printf("%s: %s\n", p.Topic, p.Payload) })
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 1}}}); err != nil {
		log.Fatal(err)
	}
	select {
	case <-ctx.Done():
		client.Disconnect(&paho.Disconnect{})
	case <-client.Done():
	}
}

// newBroker returns a broker with WebSockets at /mqtt. Every client may publish and
// subscribe: replace the hook before others can reach it.
func newBroker() (http.Handler, error) {
	broker := mqtt.New(nil)
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, err
	}
	if err := broker.Serve(); err != nil {
		return nil, err
	}
	upgrader := &websocket.Upgrader{Options: options}
	mux := http.NewServeMux()
	mux.HandleFunc("/mqtt", func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r)
		if err != nil {
			return // the client has received the error
		}
		if c.Subprotocol() != "mqtt" {
			c.Close(websocket.StatusPolicyViolation, "offer the sub-protocol mqtt")
			return
		}
		nc := websocket.NetConn(c, websocket.OpBinary)
		defer nc.Close()
		if err := broker.EstablishConnection("websocket", nc); err != nil { // until the client leaves
			log.Printf("%s: %v", c.RemoteAddr(), err)
		}
	})
	return mux, nil
}

// connect returns a client that is connected to the broker at url. ctx ends the client.
func connect(ctx context.Context, url string, received func(*paho.Publish)) (*paho.Client, error) {
	c, err := websocket.Dial(ctx, url, &websocket.DialOptions{Options: options})
	if err != nil {
		return nil, err
	}
	client := paho.NewClient(paho.ClientConfig{
		// The client writes a packet with several calls of Write.
		Conn: packets.NewThreadSafeConn(websocket.NetConn(c, websocket.OpBinary)),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(r paho.PublishReceived) (bool, error) {
			received(r.Packet)
			return true, nil
		}},
	})
	if _, err := client.Connect(ctx, &paho.Connect{KeepAlive: 60, CleanStart: true}); err != nil {
		c.CloseNow()
		return nil, err
	}
	return client, nil
}
