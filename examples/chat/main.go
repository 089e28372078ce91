// Command chat is a chat server with rooms. A client connects to
// ws://ADDRESS/ROOM?name=NAME. Every message that it sends goes to all members of the
// room, and so does a notice when a name joins or leaves.
//
//	go run ./examples/chat
//	zerowire connect 'ws://127.0.0.1:8000/lobby?name=ann'
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	handler, err := newChat()
	if err != nil {
		log.Fatal(err)
	}
	web := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// post is a message of a room. Text is empty if Event is set.
type post struct {
	From  string `json:"from"`
	Text  string `json:"text,omitempty"`
	Event string `json:"event,omitempty"` // "joined" or "left"
}

// chat serves the rooms. A room is a topic of the hub.
type chat struct {
	hub *hub.Hub
}

// newChat returns the handler of the chat.
func newChat() (http.Handler, error) {
	ch := &chat{}
	h, err := hub.New(&hub.Options{Presence: ch.announce})
	if err != nil {
		return nil, err
	}
	ch.hub = h
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{room}", ch.serve)
	return mux, nil
}

// serve upgrades a request and serves the connection until it ends. The hub removes the
// subscription by itself.
func (ch *chat) serve(w http.ResponseWriter, r *http.Request) {
	room, name := "chat."+r.PathValue("room"), r.FormValue("name")
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()
	if err := ch.hub.Join(c, room, name); err != nil {
		c.Close(websocket.StatusPolicyViolation, err.Error()) // a name or room that is not valid
		return
	}
	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			return
		}
		publish(ch.hub.Publish, room, post{From: name, Text: string(m.Payload)})
	}
}

// announce publishes that a name has joined or left a room. The hub calls it on every
// node, so that each node informs its own clients.
func (ch *chat) announce(e hub.Event) {
	event := "left"
	if e.Joined {
		event = "joined"
	}
	publish(ch.hub.PublishLocal, e.Topic, post{From: e.Name, Event: event})
}

// publish sends p to a room with a method of the hub.
func publish(send func(string, websocket.Opcode, []byte) error, room string, p post) {
	message, err := json.Marshal(p)
	if err == nil {
		err = send(room, websocket.OpText, message)
	}
	if err != nil {
		log.Printf("publish to %s: %v", room, err)
	}
}
