// Command ratelimit is an echo server that limits its clients. Each address may open a
// few connections, and each connection may send a number of messages per second. The
// server delays messages beyond that: it reads the next one when the rate allows it. If a
// client continues to send, its sends block in the end. Nothing is lost.
//
//	go run ./examples/ratelimit -rate 10 -burst 20
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	s := &server{open: map[string]int{}}
	flag.Float64Var((*float64)(&s.rate), "rate", 10, "messages per second and connection")
	flag.IntVar(&s.burst, "burst", 20, "messages that may come at once")
	flag.IntVar(&s.maxOpen, "connections", 4, "open connections per address")
	flag.Parse()
	web := &http.Server{Addr: *addr, Handler: s, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

type server struct {
	rate    rate.Limit // messages per second of a connection
	burst   int        // messages of a connection at once
	maxOpen int        // connections of one address

	mu   sync.Mutex
	open map[string]int // number of connections by address
}

// ServeHTTP serves one connection. RemoteAddr is the address of the proxy, if there is
// one in front: then use the header that the proxy sets.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, "no address", http.StatusInternalServerError)
		return
	}
	if !s.enter(host) {
		w.Header().Set("Retry-After", "10") // package reconnect waits for that long
		http.Error(w, "too many connections", http.StatusTooManyRequests)
		return
	}
	defer s.leave(host)
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()

	ctx := context.Background()
	limit := rate.NewLimiter(s.rate, s.burst)
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		if limit.Wait(ctx) != nil { // -burst 0
			return
		}
		c.Write(ctx, m.Opcode, m.Payload)
	}
}

// enter counts a connection, and reports whether host may have it.
func (s *server) enter(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[host] >= s.maxOpen {
		return false
	}
	s.open[host]++
	return true
}

// leave ends what enter has counted.
func (s *server) leave(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[host]--; s.open[host] == 0 {
		delete(s.open, host)
	}
}
