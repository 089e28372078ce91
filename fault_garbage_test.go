package websocket_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestEndedConnIsGarbage ends connections in several ways, and looks that nothing of
// the library's, no timer above all, still refers to them.
func TestEndedConnIsGarbage(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(c *websocket.Conn, peer *pipe.Conn)
	}{
		{"never used", func(c *websocket.Conn, peer *pipe.Conn) { c.CloseNow() }},
		{"after a read", func(c *websocket.Conn, peer *pipe.Conn) {
			peer.Write(masked(wstest.Text("hello")))
			c.Read(background)
			c.CloseNow()
		}},
		{"after a read with a context", func(c *websocket.Conn, peer *pipe.Conn) {
			ctx, cancel := context.WithTimeout(background, time.Hour)
			defer cancel()
			peer.Write(masked(wstest.Text("hello")))
			c.Read(ctx)
			c.CloseNow()
		}},
		{"with a reply held back", func(c *websocket.Conn, peer *pipe.Conn) {
			peer.Write(masked(wstest.Text("hello"), wstest.Text("another")))
			c.Read(background)
			c.Write(background, websocket.OpText, []byte("hello"))
			c.CloseNow()
		}},
		{"closed by the peer", func(c *websocket.Conn, peer *pipe.Conn) {
			peer.Write(masked(wstest.Close(1000, "")))
			peer.CloseWrite()
			c.Read(background)
		}},
		{"lost", func(c *websocket.Conn, peer *pipe.Conn) {
			peer.Close()
			c.Read(background)
		}},
		{"after a Ping that nobody answers", func(c *websocket.Conn, peer *pipe.Conn) {
			ctx, cancel := context.WithCancel(background)
			cancel()
			c.Ping(ctx)
			c.CloseNow()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := func() weak.Pointer[websocket.Conn] {
					ours, peer := pipe.New()
					defer peer.Close()
					c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
					tt.use(c, peer)
					return weak.Make(c)
				}()
				for range 10 { // sooner than any timer ends
					time.Sleep(time.Microsecond) // the runtime forgets stopped timers when it looks for one to fire
					if runtime.GC(); ended.Value() == nil {
						return
					}
				}
				t.Error("something refers to the connection")
			})
		})
	}
}
