package websocket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/zerowire/websocket"
)

// A tunnel: what a client writes to its end reaches a TCP server behind the
// WebSocket server, and the other way round.
func ExampleNetConn() {
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	go func() {
		nc, err := backend.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		fmt.Fprintln(nc, "220 ready")
	}()

	tunnel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		nc := websocket.NetConn(c, websocket.OpBinary)
		defer nc.Close()
		tcp, err := net.Dial("tcp", backend.Addr().String())
		if err != nil {
			return
		}
		defer tcp.Close()
		go io.Copy(tcp, nc)
		io.Copy(nc, tcp)
	}))
	defer tunnel.Close()

	c, err := websocket.Dial(context.Background(), tunnel.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	nc := websocket.NetConn(c, websocket.OpBinary)
	defer nc.Close()
	all, err := io.ReadAll(nc)
	fmt.Printf("%q %v\n", all, err)
	// Output: "220 ready\n" <nil>
}
