// Command draining is an echo server that is replaced without a stampede. On SIGTERM it
// stops accepting, and closes its connections one by one over a period of time. So its
// clients do not all reconnect to the other servers in the same second.
//
//	go run ./examples/draining -drain 30s
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"maps"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	drain := flag.Duration("drain", 30*time.Second, "time over which connections are closed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, ln, *drain); err != nil {
		log.Fatal(err)
	}
}

// run serves ln until ctx ends. Then it drains, and returns when all connections have
// ended.
func run(ctx context.Context, ln net.Listener, drain time.Duration) error {
	open := &connections{set: map[*websocket.Conn]bool{}}
	sockets := &websocket.Server{Handler: open}
	web := &http.Server{Handler: sockets}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	// A load balancer should have stopped sending clients here by now. Shutdown of
	// net/http closes the listener, and leaves WebSocket connections open.
	end, cancel := context.WithTimeout(context.Background(), drain+10*time.Second)
	defer cancel()
	err := web.Shutdown(end)
	open.drain(drain)
	return errors.Join(err, sockets.Shutdown(end)) // waits for the closing handshakes
}

// connections is a Handler that echoes, and keeps a set of the open connections.
type connections struct {
	mu  sync.Mutex
	set map[*websocket.Conn]bool
}

func (cs *connections) Open(c *websocket.Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.set[c] = true
}

func (cs *connections) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}

func (cs *connections) Close(c *websocket.Conn, _ error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.set, c)
}

// drain begins the closing handshakes of all connections, at equal intervals over a
// period of time.
func (cs *connections) drain(period time.Duration) {
	cs.mu.Lock()
	all := slices.Collect(maps.Keys(cs.set))
	cs.mu.Unlock()
	for _, c := range all {
		time.Sleep(period / time.Duration(len(all)))
		c.StartClose(codec.StatusServiceRestart, "the server restarts: connect again")
	}
}
