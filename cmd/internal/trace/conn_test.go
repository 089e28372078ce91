package trace

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestConn watches a real client at a real server.
func TestConn(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})}
	go srv.Serve(ln)
	defer srv.Close()

	var mu sync.Mutex
	var got []string
	sink := func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		line := e.From.String() + " " + e.Kind.String()
		switch e.Kind {
		case Handshake:
			first, _, _ := strings.Cut(string(e.Head), "\r\n")
			line += " " + first
		case Frame:
			line += " " + e.Message.String() + " " + string(e.Payload)
		}
		if e.Time.IsZero() {
			line += " without a time"
		}
		got = append(got, line)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String()+"/path", &websocket.DialOptions{
		Wrap: func(nc net.Conn) net.Conn { return Conn(nc, sink) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.OpText, []byte("Hello")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); string(p) != "Hello" || err != nil {
		t.Fatalf("Read: %q, %v, want Hello", p, err)
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := `client handshake GET /path HTTP/1.1
server handshake HTTP/1.1 101 Switching Protocols
client frame text Hello
server frame text Hello
client frame close ` + "\x03\xe8" + `bye
server frame close ` + "\x03\xe8"
	if all := strings.Join(got, "\n"); all != want {
		t.Errorf("events of an echo\n got\n%s\nwant\n%s", all, want)
	}
}
