// Command echo returns every message to its sender. It is a server with a listener of its
// own, in the event form, that shuts down gracefully.
//
//	go run ./examples/echo
//	zerowire connect ws://127.0.0.1:8000/
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, ln); err != nil {
		log.Fatal(err)
	}
}

// run serves ln until ctx ends, and then closes all connections.
func run(ctx context.Context, ln net.Listener) error {
	srv := &websocket.Server{Handler: websocket.MessageFunc(echo)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return srv.Shutdown(end)
}

// echo is called for each message. Its context bounds the write alone: a client that takes
// nothing is closed after Options.WriteTimeout. An error need not be handled, because it is
// also what ends the connection.
func echo(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}
