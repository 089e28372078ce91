package stress_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/pool"
)

// TestPromise24NothingOutlivesItsConnection opens and ends 10,000 connections on sockets,
// in every way: afterwards there are as many goroutines and descriptors as before, no
// buffer is lent, and nothing, a timer or a table, holds any of the Conns.
func TestPromise24NothingOutlivesItsConnection(t *testing.T) {
	cycles := 10_000
	if testkit.RaceEnabled || testing.Short() {
		cycles = 1000
	}
	var made, freed atomic.Int64
	hooks := websocket.Hooks{Opened: func(c *websocket.Conn, _ *websocket.Request) {
		made.Add(1)
		runtime.AddCleanup(c, func(struct{}) { freed.Add(1) }, struct{}{})
	}}
	opts := websocket.Options{Hooks: hooks, Compression: &websocket.Compression{Takeover: true}, Logger: testkit.Quiet}
	var addrs []string
	for _, h := range testkit.Echo {
		addrs = append(addrs, testkit.Serve(t, &websocket.Server{Handler: h, Options: opts}))
	}
	p := testkit.Chatter(2000)
	ends := []func(c *websocket.Conn, nc net.Conn){
		func(c *websocket.Conn, _ net.Conn) { c.Close(websocket.StatusNormalClosure, "") },
		func(c *websocket.Conn, _ net.Conn) { c.CloseNow() },
		func(_ *websocket.Conn, nc net.Conn) { nc.Close() },
		func(_ *websocket.Conn, nc net.Conn) { nc.(*net.TCPConn).SetLinger(0); nc.Close() }, // a reset
		func(c *websocket.Conn, nc net.Conn) { nc.Write([]byte{0xFF, 0x80, 0, 0, 0, 0}); c.Read(background) },
		func(c *websocket.Conn, _ net.Conn) {
			ctx, cancel := context.WithTimeout(background, time.Microsecond)
			c.Read(ctx)
			cancel()
			c.Queue(background, websocket.OpText, p)
			c.Ping(ctx)
		},
	}
	cycle := func(i int) {
		var nc net.Conn
		c, err := websocket.Dial(background, "ws://"+addrs[i%2], &websocket.DialOptions{Options: opts, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
			NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				var err error
				nc, err = new(net.Dialer).DialContext(ctx, network, addr)
				return nc, err
			}})
		if err != nil {
			t.Errorf("cycle %d: Dial() = %v", i, err)
			return
		}
		defer c.CloseNow()
		if err := c.Write(background, websocket.OpText, p); err != nil {
			t.Errorf("cycle %d: Write() = %v", i, err)
		}
		if _, got, err := c.Read(background); err != nil || !bytes.Equal(got, p) {
			t.Errorf("cycle %d: Read() = %d bytes, %v", i, len(got), err)
		}
		ends[i/2%len(ends)](c, nc)
	}
	for i := range 4 * len(ends) {
		cycle(i) // what there is once is made
	}
	left := func() string {
		runtime.GC()
		return fmt.Sprintf("%d goroutines, %d descriptors, %d buffers, %d Conns", runtime.NumGoroutine(), testkit.Descriptors(), pool.Lent(), made.Load()-freed.Load())
	}
	settle := func(done func() bool) {
		for start := time.Now(); !done() && time.Since(start) < testkit.Patience; time.Sleep(20 * time.Millisecond) {
		}
	}
	settle(func() bool { runtime.GC(); return made.Load() == freed.Load() })
	time.Sleep(1100 * time.Millisecond) // goroutines that serve others wait for them for a second
	before := left()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(cycles); i = next.Add(1) {
				cycle(int(i))
			}
		})
	}
	workers.Wait()
	after := ""
	settle(func() bool { after = left(); return after == before })
	if after != before {
		t.Errorf("after %d cycles there are %s; there were %s\n%s", cycles, after, before, leak.Stacks())
	}
}
