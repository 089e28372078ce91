// Command http2 measures what a WebSocket costs over HTTP/2 beside HTTP/1.1, both over TLS
// and behind net/http on loopback: memory of an idle connection at both ends, and time of
// the CPU for each message that the server echoes. The server is a process of its own.
//
//	go run ./http2
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

var (
	idle    = flag.Int("idle", 1000, "idle connections whose memory is measured")
	busy    = flag.Int("busy", 64, "connections that exchange messages")
	lasting = flag.Duration("for", 3*time.Second, "how long messages are exchanged, for each size")
	settle  = flag.Duration("settle", time.Second, "how long idle connections settle before their memory is measured")
)

// versions are the rows of the table.
var versions = []struct {
	name string
	mode h2.Mode
}{{"HTTP/1.1", h2.OnlyHTTP1}, {"HTTP/2", h2.OnlyHTTP2}}

// sizes are the sizes of the messages, in bytes.
var sizes = []int{125, 16 << 10}

func main() {
	if os.Getenv(childVariable) != "" {
		serve()
		return
	}
	flag.Parse()
	fmt.Printf("%s, %d CPUs, %d idle connections, %d busy ones\n\n", runtime.Version(), runtime.NumCPU(), *idle, *busy)
	fmt.Println("| | server, KB/connection | client, KB/connection | 125 B: messages/s | server µs/message | 16 KiB: messages/s | server µs/message |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, v := range versions {
		costs, err := measure(v.mode)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("| %s | %.1f | %.1f |", v.name, costs.server/1000, costs.client/1000)
		for _, e := range costs.exchanges {
			fmt.Printf(" %.0f | %.1f |", e.rate, e.cpu)
		}
		fmt.Println()
	}
}

// costs are the costs of one version of HTTP.
type costs struct {
	server, client float64 // memory of an idle connection, in bytes
	exchanges      []exchanged
}

// exchanged is the result for one size of message.
type exchanged struct {
	rate float64 // messages per second
	cpu  float64 // of the server for each message, in microseconds
}

// measure measures one version of HTTP.
func measure(mode h2.Mode) (c costs, err error) {
	s, err := startServer()
	if err != nil {
		return c, err
	}
	defer s.stop()
	tr := &h2.Transport{Mode: mode, TLSConfig: &tls.Config{InsecureSkipVerify: true}} // on loopback
	defer tr.Close()

	first, err := dial(tr, s.url, 1) // what the process needs once
	if err != nil {
		return c, err
	}
	before, err := s.usage()
	if err != nil {
		return c, err
	}
	own := memory()
	conns, err := dial(tr, s.url, *idle)
	if err != nil {
		return c, err
	}
	time.Sleep(*settle)
	after, err := s.usage()
	if err != nil {
		return c, err
	}
	c.server = float64(after.Memory-before.Memory) / float64(*idle)
	c.client = float64(memory()-own) / float64(*idle)
	closeAll(append(conns, first...))

	for _, size := range sizes {
		e, err := measureExchange(s, tr, size)
		if err != nil {
			return c, err
		}
		c.exchanges = append(c.exchanges, e)
	}
	return c, nil
}

// measureExchange measures messages of size bytes.
func measureExchange(s *server, tr *h2.Transport, size int) (e exchanged, err error) {
	conns, err := dial(tr, s.url, *busy)
	if err != nil {
		return e, err
	}
	defer closeAll(conns)
	before, err := s.usage()
	if err != nil {
		return e, err
	}
	messages, err := exchange(conns, size)
	if err != nil {
		return e, err
	}
	after, err := s.usage()
	e.rate = float64(messages) / lasting.Seconds()
	e.cpu = float64((after.CPU - before.CPU).Microseconds()) / float64(messages)
	return e, err
}

func dial(tr *h2.Transport, url string, n int) (conns []*websocket.Conn, err error) {
	for range n {
		c, err := tr.Dial(context.Background(), url, nil)
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func closeAll(conns []*websocket.Conn) {
	var closed sync.WaitGroup
	for _, c := range conns {
		closed.Go(func() { c.Close(websocket.StatusNormalClosure, "") })
	}
	closed.Wait()
}

// exchange sends a message on each connection and reads its echo, repeatedly. It returns the
// number of echoes.
func exchange(conns []*websocket.Conn, size int) (int64, error) {
	var messages atomic.Int64
	failed := make(chan error, len(conns))
	end := time.Now().Add(*lasting)
	for _, c := range conns {
		go func() {
			message := make([]byte, size)
			for time.Now().Before(end) {
				if err := c.Write(context.Background(), websocket.OpBinary, message); err != nil {
					failed <- err
					return
				}
				_, p, err := c.Read(context.Background())
				if err == nil && len(p) != size {
					err = fmt.Errorf("an echo of %d bytes, want %d", len(p), size)
				}
				if err != nil {
					failed <- err
					return
				}
				messages.Add(1)
			}
			failed <- nil
		}()
	}
	var err error
	for range conns {
		err = cmp.Or(err, <-failed)
	}
	return messages.Load(), err
}

// memory returns the memory of the heap and the stacks of this process after a garbage
// collection, in bytes.
func memory() int64 {
	for range 3 {
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
