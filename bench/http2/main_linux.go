// Command http2 measures what a WebSocket costs over HTTP/2 beside HTTP/1.1, both over TLS
// and behind net/http on loopback: memory of an idle connection at both ends, and time of
// the CPU for each message that the server echoes. The server is a process of its own.
//
//	go run ./http2
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"crypto/tls"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

var (
	idle    = flag.Int("idle", 1000, "idle connections whose memory is measured")
	busy    = flag.Int("busy", 64, "connections that exchange messages")
	lasting = flag.Duration("for", 3*time.Second, "how long messages are exchanged, for each size")
)

func main() {
	if os.Getenv(childVariable) != "" {
		serve()
		return
	}
	flag.Parse()
	fmt.Printf("%s, %d CPUs, %d idle connections, %d busy ones\n\n", runtime.Version(), runtime.NumCPU(), *idle, *busy)
	fmt.Println("| | server, KB/connection | client, KB/connection | 125 B: messages/s | server µs/message | 16 KiB: messages/s | server µs/message |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, v := range []struct {
		name string
		mode h2.Mode
	}{{"HTTP/1.1", h2.OnlyHTTP1}, {"HTTP/2", h2.OnlyHTTP2}} {
		if err := measure(v.name, v.mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// measure prints one line of the table.
func measure(name string, mode h2.Mode) error {
	s, err := startServer()
	if err != nil {
		return err
	}
	defer s.stop()
	tr := &h2.Transport{Mode: mode, TLSConfig: &tls.Config{InsecureSkipVerify: true}} // on loopback
	defer tr.Close()

	first, err := dial(tr, s.url, 1) // what the process needs once
	if err != nil {
		return err
	}
	here, there := memory(), s.usage().Memory
	conns, err := dial(tr, s.url, *idle)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	server := float64(s.usage().Memory-there) / float64(*idle) / 1000
	client := float64(memory()-here) / float64(*idle) / 1000
	closeAll(append(conns, first...))

	fmt.Printf("| %s | %.1f | %.1f |", name, server, client)
	for _, size := range []int{125, 16 << 10} {
		conns, err := dial(tr, s.url, *busy)
		if err != nil {
			return err
		}
		before := s.usage().CPU
		messages := exchange(conns, size)
		cpu := s.usage().CPU - before
		fmt.Printf(" %.0f | %.1f |", float64(messages)/lasting.Seconds(), float64(cpu.Microseconds())/float64(messages))
		closeAll(conns)
	}
	fmt.Println()
	return nil
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

// exchange has each connection send a message and read its echo, over and over, and
// returns how many messages there were.
func exchange(conns []*websocket.Conn, size int) int64 {
	var messages atomic.Int64
	ctx, cancel := context.WithTimeout(context.Background(), *lasting)
	defer cancel()
	var done sync.WaitGroup
	for _, c := range conns {
		done.Go(func() {
			message := make([]byte, size)
			for ctx.Err() == nil {
				if c.Write(context.Background(), websocket.OpBinary, message) != nil {
					return
				}
				if _, p, err := c.Read(context.Background()); err != nil || len(p) != size {
					return
				}
				messages.Add(1)
			}
		})
	}
	done.Wait()
	return messages.Load()
}

// memory is what heap and stacks of this process hold after a collection, in bytes.
func memory() int64 {
	for range 3 {
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
