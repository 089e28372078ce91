package reconnect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/reconnect"
)

// sockets is a Client of a real server at addr, with short delays. What it reads is
// sent on the channel. The test ends Run.
func sockets(t *testing.T, addr string, set func(*reconnect.Client)) (c *reconnect.Client, received <-chan string) {
	t.Helper()
	in := make(chan string, 10_000)
	c = &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) { return websocket.Dial(ctx, "ws://"+addr, nil) },
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				in <- string(m.Payload)
			}
			return nil
		},
		BaseDelay: time.Millisecond,
		MaxDelay:  20 * time.Millisecond,
	}
	if set != nil {
		set(c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v", err)
		}
	})
	return c, in
}

// echoServer serves an echo on a listener until stop is called.
func echoServer(t *testing.T, ln net.Listener) (stop func(context.Context)) {
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(background, op, p)
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	return func(ctx context.Context) {
		srv.Shutdown(ctx)
		if err := <-served; err != websocket.ErrServerClosed {
			t.Errorf("Serve() = %v", err)
		}
	}
}

// TestServerRestarts stops and starts a server on the same port several times, gently
// and not: while it is away its port refuses connections.
func TestServerRestarts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	stop := echoServer(t, ln)
	waiting := make(chan struct{}, 10_000)
	c, received := sockets(t, addr, func(c *reconnect.Client) {
		c.Changed = func(change reconnect.Change) {
			if change.State == reconnect.Waiting {
				waiting <- struct{}{}
			}
		}
	})
	for round := range 6 {
		message := fmt.Sprintf("round %d", round)
		if err := c.Write(t.Context(), websocket.OpText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if got := <-received; got != message {
			t.Fatalf("received %q, want %q", got, message)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if round%2 == 0 {
			cancel() // closes without a closing handshake
		}
		stop(ctx)
		cancel()
		for range 3 { // the connection has ended, and the port has refused two
			<-waiting
		}
		if ln, err = net.Listen("tcp", addr); err != nil {
			t.Fatal(err)
		}
		stop = echoServer(t, ln)
	}
	stop(t.Context())
}

// cutter is a TCP proxy that resets every connection after a number of bytes from the
// client, until it is told to stop that.
type cutter struct {
	net.Listener
	to    string
	cuts  atomic.Int64
	conns sync.WaitGroup

	mu      sync.Mutex
	after   int64 // bytes; 0 for no limit
	limited int   // connections that have a limit
}

// begin returns the limit of a new connection.
func (c *cutter) begin() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.after > 0 {
		c.limited++
	}
	return c.after
}

// end counts the end of a connection with a limit.
func (c *cutter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited--
}

// spare sets no limit from now on, and reports whether any connection still has one.
func (c *cutter) spare() (limited bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after = 0
	return c.limited > 0
}

func newCutter(t *testing.T, to string, after int64) *cutter {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: ln, to: to, after: after}
	c.conns.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			c.conns.Go(func() { c.join(nc.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		c.conns.Wait()
	})
	return c
}

func (c *cutter) join(client *net.TCPConn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer server.Close()
	c.conns.Go(func() {
		io.Copy(client, server)
		client.Close()
	})
	limit := c.begin()
	if limit == 0 {
		io.Copy(server, client)
		return
	}
	defer c.end()
	io.CopyN(server, client, limit)
	c.cuts.Add(1)
	client.SetLinger(0)
}

// TestProxyThatCuts sends messages through a proxy that resets every connection in the
// middle of a frame. Messages come in order and no message twice; all written after the
// last cut come.
func TestProxyThatCuts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan int, 10_000)
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) {
		var i int
		fmt.Sscan(string(p), &i)
		got <- i
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		<-served
	})
	proxy := newCutter(t, ln.Addr().String(), 1003)
	c, _ := sockets(t, proxy.Addr().String(), nil)

	padding := make([]byte, 100)
	for i := range padding {
		padding[i] = ' '
	}
	next, first := 0, 1<<30
	write := func() {
		err := c.Write(t.Context(), websocket.OpText, fmt.Appendf(nil, "%d%s", next, padding))
		if err != nil && next >= first {
			t.Fatal(err)
		}
		next++
	}
	previous := -1
	take := func(i int) {
		if i <= previous {
			t.Fatalf("message %d comes after message %d", i, previous)
		}
		if i > first && i != previous+1 {
			t.Fatalf("message %d comes after message %d, though no connection was cut", i, previous)
		}
		previous = i
	}
	for proxy.cuts.Load() < 20 {
		write()
		time.Sleep(time.Millisecond)
	}
	for proxy.spare() {
		write()
		time.Sleep(time.Millisecond)
	}
	for unlimited := next; previous < unlimited; { // until one has come that the last limited connection cannot have passed on
		write()
		select {
		case i := <-got:
			take(i)
		case <-time.After(5 * time.Millisecond):
		}
	}
	first = next
	last := first + 50
	for next < last {
		write()
	}
	for previous != last-1 {
		take(<-got)
	}
}

// TestServerThatRefuses serves a client behind a server that refuses it: with a status
// that passes, it comes back when Retry-After says; with one that does not, Run ends.
func TestServerThatRefuses(t *testing.T) {
	var requests atomic.Int64
	start := time.Now()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "deploying", http.StatusServiceUnavailable)
		case 2:
			if d := time.Since(start); d < time.Second {
				t.Errorf("the client comes back after %v, want a second or more", d)
			}
			if c, err := websocket.Upgrade(w, r, nil); err == nil {
				c.CloseNow()
			}
		default:
			http.Error(w, "no", http.StatusUnauthorized)
		}
	}))
	defer srv.Close()
	c := &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) { return websocket.Dial(ctx, srv.URL, nil) },
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			_, _, err := c.Read(ctx)
			return err
		},
		BaseDelay: time.Millisecond,
	}
	err := c.Run(t.Context())
	if e, ok := errors.AsType[*websocket.HandshakeError](err); !ok || e.Status != http.StatusUnauthorized {
		t.Errorf("Run() = %v, want the refusal with 401", err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}
