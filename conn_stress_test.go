package websocket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
)

// isExpected reports whether err may come of a connection that is ended from all
// sides: what is documented, or what the system says of it.
func isExpected(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	_, system := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return isDocumented(err) || network || system || errors.Is(err, websocket.ErrOverflow)
}

// endings are the ways in which the storm's connections end.
var endings = []struct {
	name string
	do   func(srv *websocket.Server, c *websocket.Conn, nc net.Conn)
}{
	{"the client closes", func(_ *websocket.Server, c *websocket.Conn, _ net.Conn) { c.Close(websocket.StatusNormalClosure, "") }},
	{"two goroutines close", func(_ *websocket.Server, c *websocket.Conn, _ net.Conn) {
		go c.Close(websocket.StatusGoingAway, "")
		c.Close(websocket.StatusNormalClosure, "")
	}},
	{"the client cuts", func(_ *websocket.Server, c *websocket.Conn, _ net.Conn) { c.CloseNow() }},
	{"the network cuts", func(_ *websocket.Server, _ *websocket.Conn, nc net.Conn) { nc.Close() }},
	{"the server shuts down", func(srv *websocket.Server, _ *websocket.Conn, _ net.Conn) {
		ctx, cancel := context.WithTimeout(background, 10*time.Second)
		defer cancel()
		srv.Shutdown(ctx)
	}},
	{"the server gives up a shutdown", func(srv *websocket.Server, _ *websocket.Conn, _ net.Conn) {
		ctx, cancel := context.WithTimeout(background, time.Millisecond)
		defer cancel()
		srv.Shutdown(ctx)
	}},
	{"the server closes", func(srv *websocket.Server, _ *websocket.Conn, _ net.Conn) { srv.Close() }},
}

// TestPromise27StormOfCalls has, on real sockets, many goroutines write, ping and read with
// contexts that end, on both ends of several connections, and then ends them in
// each way. Messages stay whole and in order, every call returns.
func TestPromise27StormOfCalls(t *testing.T) {
	t.Parallel()
	for form, h := range forms {
		for _, policy := range []websocket.Overflow{websocket.Block, websocket.DropOldest} {
			for _, ending := range endings {
				t.Run(fmt.Sprintf("%s, policy %d, %s", form, policy, ending.name), func(t *testing.T) {
					t.Parallel()
					srv := &websocket.Server{Handler: chatty(h), Options: websocket.Options{Overflow: policy, MaxControlFrames: -1, Logger: quiet}}
					addr := serve(t, srv)
					ncs := []net.Conn{upgraded(t, addr), upgraded(t, addr), upgraded(t, addr)}
					var storms sync.WaitGroup
					for _, nc := range ncs {
						c := testkit.NewConn(nc, websocket.RoleClient, websocket.Handshake{}, &websocket.Options{Overflow: policy, MaxControlFrames: -1})
						storms.Go(func() { storm(t, c, func() { ending.do(srv, c, nc) }) })
					}
					storms.Wait()
				})
			}
		}
	}
}

// chatty is h with a goroutine for each connection that pings the client.
func chatty(h websocket.Handler) websocket.Handler {
	if m, ok := h.(websocket.MessageFunc); ok {
		return &pinging{m}
	}
	return h
}

type pinging struct{ websocket.MessageFunc }

func (p *pinging) Open(c *websocket.Conn) {
	go func() {
		for {
			ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
			_, err := c.Ping(ctx)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return
			}
		}
	}()
}

func storm(t *testing.T, c *websocket.Conn, end func()) {
	var group sync.WaitGroup
	check := func(call string, err error) (ended bool) {
		if !isExpected(err) {
			t.Errorf("%s = %v, which is not documented", call, err)
		}
		return err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, websocket.ErrOverflow)
	}
	const writers = 4
	for w := range writers {
		group.Go(func() {
			for i := uint32(0); ; i++ {
				size := 8 + rand.IntN(300)
				if rand.IntN(20) == 0 {
					size = 8 + rand.IntN(60_000)
				}
				p := make([]byte, size)
				binary.BigEndian.PutUint32(p, uint32(w))
				binary.BigEndian.PutUint32(p[4:], i)
				ctx, cancel := context.WithTimeout(background, time.Duration(rand.IntN(20))*time.Millisecond)
				err := c.Write(ctx, websocket.OpBinary, p)
				cancel()
				if check("Write", err) {
					return
				}
			}
		})
	}
	group.Go(func() {
		for {
			ctx, cancel := context.WithTimeout(background, time.Duration(rand.IntN(3000))*time.Microsecond)
			_, err := c.Ping(ctx)
			cancel()
			if check("Ping", err) {
				return
			}
		}
	})
	group.Go(func() {
		var next [writers]uint32
		for {
			ctx, cancel := context.WithTimeout(background, time.Duration(rand.IntN(2000))*time.Microsecond)
			_, p, err := c.Read(ctx)
			if err == nil {
				w, i := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
				if w >= writers || i < next[w] {
					t.Errorf("message %d of writer %d came after message %d", i, w, next[min(w, writers-1)])
				} else {
					next[w] = i + 1
				}
			}
			cancel()
			if check("Read", err) {
				return
			}
		}
	})
	time.Sleep(50 * time.Millisecond)
	end()
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Errorf("some call has not returned:\n%s", leak.Stacks())
		c.CloseNow()
	}
	c.CloseNow()
}
