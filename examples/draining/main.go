// Command draining is an echo server that is replaced without a stampede. On SIGTERM it
//
//  1. reports that it is not ready, and still accepts clients for a notice period, because
//     load balancers need some time to see that;
//  2. stops accepting, and closes its connections one by one over a drain period, so that
//     its clients do not all reconnect to the other servers in the same second;
//  3. waits for the last closing handshakes, and exits.
//
// kubernetes.yaml is a Deployment with these periods and probes.
//
//	go run ./examples/draining -notice 5s -drain 30s
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
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// lastHandshakes is how long the closing handshakes may take after the drain period.
const lastHandshakes = 10 * time.Second

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	probes := flag.String("probes", "127.0.0.1:8081", "address of /livez and /readyz")
	notice := flag.Duration("notice", 5*time.Second, "time for load balancers to see that the server is not ready")
	drain := flag.Duration("drain", 30*time.Second, "time over which connections are closed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	probeLn, err := net.Listen("tcp", *probes)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, ln, probeLn, *notice, *drain); err != nil {
		log.Fatal(err)
	}
}

// run serves ln until ctx ends. Then it drains, and returns when all connections have
// ended. The probes are served on a listener of their own until then: so they are not
// public, and the server is reported alive while it drains.
func run(ctx context.Context, ln, probeLn net.Listener, notice, drain time.Duration) error {
	var ready atomic.Bool
	ready.Store(true)
	go http.Serve(probeLn, probes(&ready))
	defer probeLn.Close()

	open := &connections{set: map[*websocket.Conn]bool{}}
	sockets := &websocket.Server{Handler: open}
	web := &http.Server{Handler: sockets, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	ready.Store(false)
	time.Sleep(notice)
	// Shutdown of net/http closes the listener, and leaves WebSocket connections open.
	end, cancel := context.WithTimeout(context.Background(), drain+lastHandshakes)
	defer cancel()
	err := web.Shutdown(end)
	open.drain(drain)
	return errors.Join(err, sockets.Shutdown(end)) // waits for the closing handshakes
}

// probes returns the handler of the probes. /livez fails only if the process does not
// answer: a restart would help nothing else. /readyz also fails from SIGTERM on.
func probes(ready *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
		}
	})
	return mux
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
// period of time. Package reconnect waits between 5 and 30 seconds after this status code.
func (cs *connections) drain(period time.Duration) {
	cs.mu.Lock()
	all := slices.Collect(maps.Keys(cs.set))
	cs.mu.Unlock()
	for _, c := range all {
		time.Sleep(period / time.Duration(len(all)))
		c.StartClose(codec.StatusServiceRestart, "the server restarts: connect again")
	}
}
