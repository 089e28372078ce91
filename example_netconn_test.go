package websocket_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/zerowire/websocket"
)

// A protocol of lines on top of messages. The ends of lines and of messages need not agree,
// and the normal closure of the connection is the end of the stream.
func ExampleNetConn() {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return // the client has received the error
		}
		nc := websocket.NetConn(c, websocket.OpBinary)
		defer nc.Close()
		name, err := bufio.NewReader(nc).ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprintf(nc, "Hello, %sGood ", name)
		fmt.Fprint(nc, "bye\n")
	}))
	defer web.Close()

	c, err := websocket.Dial(context.Background(), web.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	nc := websocket.NetConn(c, websocket.OpBinary)
	defer nc.Close()
	fmt.Fprint(nc, "Gopher\n")
	all, err := io.ReadAll(nc)
	fmt.Printf("%q, %v\n", all, err)
	// Output: "Hello, Gopher\nGood bye\n", <nil>
}
