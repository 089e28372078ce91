// Command tunnel carries TCP connections through a WebSocket server, for networks that
// allow HTTP only. Each TCP connection is one WebSocket.
//
// On the side of the TCP server, and on the side of the TCP client:
//
//	go run ./examples/tunnel -listen :8000 -to 127.0.0.1:22
//	go run ./examples/tunnel -listen 127.0.0.1:2222 -via ws://SERVER:8000/
//	ssh -p 2222 127.0.0.1
//
// It has no authentication: add one before others can reach it.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	to := flag.String("to", "", "TCP address that the server connects to")
	via := flag.String("via", "", "URL of the server that the client connects to")
	flag.Parse()
	if (*to == "") == (*via == "") {
		log.Fatal("tunnel: use either -to or -via")
	}
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	if *to != "" {
		web := &http.Server{Handler: server(*to), ReadHeaderTimeout: 5 * time.Second}
		log.Fatal(web.Serve(ln))
	}
	log.Fatal(client(ln, *via))
}

// server returns a handler that connects each WebSocket to a TCP address.
func server(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tcp, err := new(net.Dialer).DialContext(r.Context(), "tcp", to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			tcp.Close()
			return // the client has received the error
		}
		join(websocket.NetConn(c, websocket.OpBinary), tcp)
	})
}

// client connects each TCP connection that ln accepts to the server at url.
func client(ln net.Listener, url string) error {
	for {
		tcp, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			c, err := websocket.Dial(context.Background(), url, nil)
			if err != nil {
				log.Print(err)
				tcp.Close()
				return
			}
			join(websocket.NetConn(c, websocket.OpBinary), tcp)
		}()
	}
}

// join copies in both directions, and closes both connections when one direction has
// ended. A WebSocket has no half-closed state, so the other direction ends as well.
// Close sends what has been copied before.
func join(a, b net.Conn) {
	var copies sync.WaitGroup
	move := func(to, from net.Conn) {
		io.Copy(to, from)
		to.Close()
		from.Close()
	}
	copies.Go(func() { move(a, b) })
	copies.Go(func() { move(b, a) })
	copies.Wait()
}
