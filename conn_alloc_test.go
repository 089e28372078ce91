package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// TestEchoAllocatesNothing sends messages round on a real socket, and counts the
// allocations of the whole process: of both ends, and of both roles.
func TestEchoAllocatesNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return // sync.Pool drops at random with -race, and poison books every buffer
	}
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	deadline, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
	}{
		{"background", background},
		{"a context that can be cancelled", cancellable},
		{"a deadline", deadline},
	} {
		for form, h := range map[string]websocket.Handler{
			"events": websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
				c.Write(tt.ctx, op, p)
			}),
			"blocking": websocket.Blocking(func(c *websocket.Conn) {
				for {
					op, p, err := c.Read(tt.ctx)
					if err != nil || c.Write(tt.ctx, op, p) != nil {
						return
					}
				}
			}),
		} {
			addr := serve(t, &websocket.Server{Handler: h})
			for _, size := range []int{16, 4 << 10, 64 << 10, 1 << 20} {
				t.Run(fmt.Sprintf("%s, %s, %d bytes", form, tt.name, size), func(t *testing.T) {
					c := testkit.NewConn(upgraded(t, addr), websocket.RoleClient, websocket.Handshake{}, nil)
					defer c.CloseNow()
					p := wstest.BinaryPayload(size)
					echo := func() {
						if err := c.Write(tt.ctx, websocket.OpBinary, p); err != nil {
							t.Fatal(err)
						}
						if _, got, err := c.Read(tt.ctx); err != nil || !bytes.Equal(got, p) {
							t.Fatalf("Read() = %d bytes, %v; want the echo of %d", len(got), err, size)
						}
					}
					runs := max(20, min(500, 16<<20/size))
					for range runs { // buffers and pools find their sizes
						echo()
					}
					if got := allocations(runs, 0, echo); got != 0 {
						t.Errorf("a round trip of %d bytes allocates %v times, want 0", size, got)
					}
				})
			}
		}
	}
}

// TestOtherWaysAllocateNothing does so for the ways of writing and reading beside
// Write and Read.
func TestOtherWaysAllocateNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	c := testkit.NewConn(upgraded(t, addr), websocket.RoleClient, websocket.Handshake{}, nil)
	defer c.CloseNow()
	m, err := websocket.Prepare(websocket.OpText, []byte("prepared"))
	if err != nil {
		t.Fatal(err)
	}
	dst, queued := make([]byte, 0, 100), []byte("queued")
	for _, tt := range []struct {
		name string
		send func() error
	}{
		{"WritePrepared", func() error { return c.WritePrepared(background, m) }},
		{"Queue and Flush", func() error {
			if err := c.Queue(background, websocket.OpText, queued); err != nil {
				return err
			}
			return c.Flush(background)
		}},
	} {
		echo := func() {
			if err := tt.send(); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if _, _, err := c.ReadAppend(background, dst); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			echo()
		}
		if got := allocations(500, 0, echo); got != 0 {
			t.Errorf("%s and ReadAppend allocate %v times, want 0", tt.name, got)
		}
	}
}

// TestBroadcastAllocatesNothing writes a prepared message to many connections.
func TestBroadcastAllocatesNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	const peers = 50
	var conns []*websocket.Conn
	var discard [64]byte
	var read func()
	for range peers {
		ours, peer := tcpPair(t)
		c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
		defer c.CloseNow()
		conns = append(conns, c)
		before := read
		read = func() {
			if before != nil {
				before()
			}
			if _, err := peer.Read(discard[:]); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := websocket.Prepare(websocket.OpBinary, make([]byte, 40))
	if err != nil {
		t.Fatal(err)
	}
	broadcast := func() {
		for _, c := range conns {
			if err := c.WritePrepared(background, m); err != nil {
				t.Fatal(err)
			}
		}
		read()
	}
	broadcast()
	if got := allocations(100, 0, broadcast); got != 0 {
		t.Errorf("a message to %d connections allocates %v times, want 0", peers, got)
	}
}

// TestAnotherContextForEachRead: contexts that come and go cost no allocation of
// ours either.
func TestAnotherContextForEachRead(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	c := testkit.NewConn(upgraded(t, serve(t, &websocket.Server{Handler: forms["events"]})), websocket.RoleClient, websocket.Handshake{}, nil)
	defer c.CloseNow()
	var contexts []context.Context
	for range 1000 {
		ctx, cancel := context.WithTimeout(background, time.Hour)
		defer cancel()
		ctx.Done() // context makes the channel when it is first asked for
		contexts = append(contexts, ctx)
	}
	i, hello := 0, []byte("Hello")
	echo := func() {
		ctx := contexts[i%len(contexts)]
		i++
		if err := c.Write(ctx, websocket.OpText, hello); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		echo()
	}
	if got := allocations(500, 0, echo); got != 0 {
		t.Errorf("a round trip with a context of its own allocates %v times, want 0", got)
	}
}

// TestClientEventsAllocateNothing has a client in the event form send a message
// round and round: each that comes back is the next one.
func TestClientEventsAllocateNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	for _, size := range []int{16, 4 << 10, 64 << 10, 1 << 20} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			rounds, due := make(chan int), make(chan struct{})
			left := 0
			c := testkit.NewConn(upgraded(t, addr), websocket.RoleClient, websocket.Handshake{}, nil)
			ended := make(chan error)
			go func() {
				ended <- c.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
					if left--; left <= 0 {
						due <- struct{}{}
						left = <-rounds
					}
					c.Write(background, op, p)
				}))
			}()
			if err := c.Write(background, websocket.OpBinary, wstest.BinaryPayload(size)); err != nil {
				t.Fatal(err)
			}
			<-due
			const each = 20
			run := func() {
				rounds <- each
				<-due
			}
			for range 5 { // buffers and pools find their sizes
				run()
			}
			if got := allocations(max(5, min(50, 4<<20/size)), 0, run) / each; got != 0 {
				t.Errorf("a round trip of %d bytes allocates %v times, want 0", size, got)
			}
			c.CloseNow()
			rounds <- 1
			<-ended
		})
	}
}
