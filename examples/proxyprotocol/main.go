// Command proxyprotocol is an echo server behind a load balancer that forwards TCP, and so
// cannot add an X-Forwarded-For header: HAProxy in mode tcp, or a network load balancer. It
// sends the client's address in a PROXY header before the first byte of the client, and
// Conn.RemoteAddr and Request.RemoteAddr then return that address.
//
//	go run ./examples/proxyprotocol -trust 10.0.0.0/8
//
// For HAProxy: "server one 10.0.0.2:8000 send-proxy-v2".
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	trust := flag.String("trust", "127.0.0.1", "addresses and networks of the load balancers, separated by commas")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(run(ln, strings.Split(*trust, ",")))
}

// run serves ln, for connections from the trusted load balancers only. Anyone else could
// claim any address.
func run(ln net.Listener, trusted []string) error {
	policy, err := proxyproto.TrustProxyHeaderFromRanges(trusted)
	if err != nil {
		return err
	}
	srv := &websocket.Server{Handler: handler{}}
	return srv.Serve(&proxyproto.Listener{
		Listener:          ln,
		ConnPolicy:        policy,
		ReadHeaderTimeout: 5 * time.Second,
	})
}

// handler greets each client with its address, and echoes.
type handler struct{}

func (handler) Open(c *websocket.Conn) {
	c.Write(context.Background(), websocket.OpText, fmt.Append(nil, c.RemoteAddr()))
}

func (handler) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}

func (handler) Close(*websocket.Conn, error) {}
