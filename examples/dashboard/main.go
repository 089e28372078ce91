// Command dashboard shows figures of its own process, live, to any number of viewers. It
// publishes a sample every second with package hub, which encodes it once for all of them.
// The page connects again by itself.
//
//	go run ./examples/dashboard
//
// The page is http://127.0.0.1:8000/.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

//go:embed page.html
var page []byte

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	d, err := newDashboard()
	if err != nil {
		log.Fatal(err)
	}
	go d.sample(context.Background(), time.Second)
	web := &http.Server{Addr: *addr, Handler: d, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// sample is what the page shows. Every sample has all figures, so that a viewer who misses
// one is right again with the next.
type sample struct {
	Time       time.Time `json:"time"`
	Viewers    int64     `json:"viewers"`
	Goroutines uint64    `json:"goroutines"`
	Heap       uint64    `json:"heap"` // bytes in use
}

// dashboard serves the page, and the WebSocket connections of its viewers.
type dashboard struct {
	http.Handler
	hub     *hub.Hub
	sockets *websocket.Server
	viewers atomic.Int64
	last    atomic.Pointer[[]byte] // the last sample as JSON
}

// topic is where samples are published.
const topic = "samples"

func newDashboard() (*dashboard, error) {
	// A viewer who reads too slowly misses samples, and delays nobody else: DropOldest is
	// the default. More than a few would be out of date anyway.
	h, err := hub.New(&hub.Options{Overflow: hub.DropOldest, MaxPending: 4 << 10})
	if err != nil {
		return nil, err
	}
	d := &dashboard{hub: h}
	d.sockets = &websocket.Server{
		Handler: viewer{d},
		Options: websocket.Options{MaxMessage: 1 << 10}, // viewers have nothing to send
	}
	mux := http.NewServeMux()
	mux.Handle("/live", d.sockets)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	d.Handler = mux
	return d, nil
}

// viewer is the Handler of all viewers' connections.
type viewer struct{ *dashboard }

// Open subscribes a viewer. The last sample is sent first, so that the page is not empty
// until the next one.
func (v viewer) Open(c *websocket.Conn) {
	v.viewers.Add(1)
	if last := v.last.Load(); last != nil {
		c.Write(context.Background(), websocket.OpText, *last)
	}
	v.hub.Subscribe(c, topic) // until the connection ends
}

func (viewer) Message(*websocket.Conn, websocket.Opcode, []byte) {}

func (v viewer) Close(*websocket.Conn, error) { v.viewers.Add(-1) }

// sample publishes a sample at every interval, until ctx ends.
func (d *dashboard) sample(ctx context.Context, interval time.Duration) {
	figures := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/heap/objects:bytes"}}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		metrics.Read(figures)
		message, err := json.Marshal(sample{
			Time:       time.Now(),
			Viewers:    d.viewers.Load(),
			Goroutines: figures[0].Value.Uint64(),
			Heap:       figures[1].Value.Uint64(),
		})
		if err == nil {
			d.last.Store(&message)
			err = d.hub.Publish(topic, websocket.OpText, message)
		}
		if err != nil {
			log.Print(err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
