package hub_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// A chat room. Every client joins under the name in the path of its request. It receives the
// messages of all members, and the list of members whenever that changes.
func Example() {
	var rooms *hub.Hub
	rooms, err := hub.New(&hub.Options{
		// A Broker here connects the rooms of many processes.
		Presence: func(e hub.Event) { // each node informs its own clients
			there := strings.Join(rooms.Members(e.Topic), ", ")
			rooms.PublishLocal(e.Topic, websocket.OpText, []byte("here are: "+there))
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer rooms.Close()

	srv := &websocket.Server{
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			return &member{rooms, strings.TrimPrefix(r.Path(), "/")}, nil
		},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(ln)
	defer srv.Close()

	ctx := context.Background()
	ann, err := websocket.Dial(ctx, "ws://"+ln.Addr().String()+"/ann", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ann.CloseNow()
	hear(ctx, ann)

	bob, err := websocket.Dial(ctx, "ws://"+ln.Addr().String()+"/bob", nil)
	if err != nil {
		log.Fatal(err)
	}
	hear(ctx, ann)
	bob.Write(ctx, websocket.OpText, []byte("hello"))
	hear(ctx, ann)
	bob.CloseNow()
	hear(ctx, ann)

	// Output:
	// here are: ann
	// here are: ann, bob
	// bob: hello
	// here are: ann
}

// member is one connection to the room.
type member struct {
	rooms *hub.Hub
	name  string
}

func (m *member) Open(c *websocket.Conn) {
	if err := m.rooms.Join(c, "chat.lobby", m.name); err != nil {
		c.Close(websocket.StatusPolicyViolation, err.Error())
	}
}

func (m *member) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	m.rooms.Publish("chat.lobby", op, fmt.Appendf(nil, "%s: %s", m.name, p))
}

func (m *member) Close(*websocket.Conn, error) {} // the hub removes a connection that has ended

func hear(ctx context.Context, c *websocket.Conn) {
	_, p, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(p))
}
