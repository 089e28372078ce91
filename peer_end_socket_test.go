package websocket_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// found waits until ended is closed, on a machine that may be slow.
func found(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the end of the peer was not found")
	}
}

// reset closes nc, or what is below it, so that the other end gets a reset.
func reset(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}

// TestPromise23EndOfPeerIsFoundOnSockets is TestPromise23EndOfPeerIsFound over sockets,
// with one message unread, and with more of them than are read ahead: there the system
// is asked for the state of the socket.
func TestPromise23EndOfPeerIsFoundOnSockets(t *testing.T) {
	t.Parallel()
	limits := &websocket.Options{PingInterval: 500 * time.Millisecond, PongTimeout: 500 * time.Millisecond}
	for _, tt := range []struct {
		name   string
		unread int // messages of 1,000 bytes
		end    func(peer, below net.Conn)
	}{
		{"Close frame behind a message", 1, func(peer, _ net.Conn) { peer.Write(masked(wstest.Close(1000, ""))) }},
		{"FIN behind a message", 1, func(peer, _ net.Conn) { peer.Close() }},
		{"reset behind a message", 1, func(_, below net.Conn) { reset(below) }},
		{"FIN behind 120 messages", 120, func(peer, _ net.Conn) { peer.Close() }},
		{"reset behind 120 messages", 120, func(_, below net.Conn) { reset(below) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onLayers(t, func(t *testing.T, ours, peer, below net.Conn) {
				c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, limits)
				defer c.CloseNow()
				if tt.unread*1000 > 64<<10 && !socketsAreAsked {
					return // nothing tells of it but a write
				}
				ended := make(chan struct{})
				c.AfterClose(func() { close(ended) })
				var unread []byte
				for range tt.unread {
					unread = append(unread, masked(wstest.Binary(make([]byte, 1000)))...)
				}
				if _, err := peer.Write(unread); err != nil {
					t.Fatal(err)
				}
				tt.end(peer, below)
				found(t, ended)
			})
		})
	}
}

// TestFailedWriteEndsTheConnection: an application that only writes, to a peer that has
// gone or takes nothing, is told by AfterClose and Hooks.Closed, whatever it does with
// the error.
func TestFailedWriteEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts websocket.Options
		end  func(below net.Conn)
	}{
		{"the peer has reset", websocket.Options{PingInterval: -1}, reset},
		{"the peer has closed", websocket.Options{PingInterval: -1}, func(below net.Conn) { below.Close() }},
		{"Disconnect", websocket.Options{PingInterval: -1, Overflow: websocket.Disconnect}, func(net.Conn) {}},
		{"WriteTimeout", websocket.Options{PingInterval: -1, Overflow: websocket.DropNewest, WriteTimeout: 300 * time.Millisecond}, func(net.Conn) {}},
		{"WriteTimeout of a call that waits", websocket.Options{PingInterval: -1, WriteTimeout: 300 * time.Millisecond}, func(net.Conn) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onLayers(t, func(t *testing.T, ours, peer, below net.Conn) {
				ended, hooked := make(chan struct{}), make(chan struct{})
				opts := tt.opts
				opts.Hooks.Closed = func(*websocket.Conn, error) { close(hooked) }
				c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &opts)
				defer c.CloseNow()
				c.AfterClose(func() { close(ended) })
				peer.Write(masked(wstest.Text("unread")))
				tt.end(below)
				go func() {
					for c.Write(background, websocket.OpBinary, make([]byte, 100_000)) != websocket.ErrClosed {
						select {
						case <-ended:
							return
						default:
						}
					}
				}()
				found(t, ended)
				found(t, hooked)
			})
		})
	}
}

// TestPromise28GhostsHoldNothingUp upgrades behind net/http, returns from the handler as
// applications do that only publish, and has peers go away: MaxConns counts none of
// them, and Shutdown does not wait for them.
func TestPromise28GhostsHoldNothingUp(t *testing.T) {
	t.Parallel()
	const conns = 10
	srv := &websocket.Server{MaxConns: conns}
	var mu sync.Mutex
	var ghosts []*websocket.Conn
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := srv.Upgrade(w, r); err == nil {
			mu.Lock()
			defer mu.Unlock()
			ghosts = append(ghosts, c)
		}
	}))
	defer hs.Close()
	for range 2 {
		var peers []*websocket.Conn
		for deadline := time.Now().Add(patience); len(peers) < conns; {
			c, err := websocket.Dial(background, hs.URL, nil)
			if err != nil {
				if time.Now().After(deadline) {
					t.Fatalf("with %d connections open that have not ended: %v", len(peers), err)
				}
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if err := c.Write(background, websocket.OpText, []byte("unread")); err != nil {
				t.Fatal(err)
			}
			peers = append(peers, c)
		}
		for _, c := range peers {
			c.CloseNow()
		}
	}
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown() = %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range ghosts {
		c.CloseNow() // gives back what nobody has read
	}
}
