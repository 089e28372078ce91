package websocket_test

import (
	"net"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// embedded hides every method of its net.Conn that net.Conn does not have, as the
// connections of netutil.LimitListener do, and cannot be hashed.
type embedded struct {
	net.Conn
	_ []string
}

// named is embedded, and gives what is below it, as wrappers of the PROXY protocol do.
type named struct{ embedded }

func (n named) NetConn() net.Conn { return n.Conn }

var wrappers = map[string]func(nc net.Conn) net.Conn{
	"bare":                func(nc net.Conn) net.Conn { return nc },
	"embedded":            func(nc net.Conn) net.Conn { return embedded{Conn: nc} },
	"with NetConn":        func(nc net.Conn) net.Conn { return named{embedded{Conn: nc}} },
	"with NetConn, twice": func(nc net.Conn) net.Conn { return named{embedded{Conn: named{embedded{Conn: nc}}}} },
}

// TestCleanCloseIsPrompt: after a clean closing handshake a server closes at once, also
// where one side alone cannot be closed. Lingering would take a second every time, and a
// busy machine delays some: what counts is the quickest of several.
func TestCleanCloseIsPrompt(t *testing.T) {
	t.Parallel()
	const prompt, several = 900 * time.Millisecond, 5
	for name, wrap := range wrappers {
		for who, serve := range map[string]func(c *websocket.Conn, peer net.Conn){
			"the server closes": func(c *websocket.Conn, peer net.Conn) {
				go peer.Write(masked(wstest.Close(1000, "")))
				c.Close(websocket.StatusNormalClosure, "")
			},
			"the peer closes": func(c *websocket.Conn, peer net.Conn) {
				peer.Write(masked(wstest.Close(1000, "")))
				c.Read(background)
			},
		} {
			t.Run(name+"/"+who, func(t *testing.T) {
				for _, layer := range layers {
					t.Run(layer.name, func(t *testing.T) {
						t.Parallel()
						quickest := time.Hour
						for range several {
							ours, peer, _ := layer.pair(t)
							c := testkit.NewConn(wrap(ours), websocket.RoleServer, websocket.Handshake{}, nil)
							defer c.CloseNow()
							start := time.Now()
							serve(c, peer)
							quickest = min(quickest, time.Since(start))
						}
						if quickest > prompt {
							t.Errorf("the quickest of %d took %v, want less than %v", several, quickest, prompt)
						}
					})
				}
			})
		}
	}
}

// unhashable is a net.Listener that cannot be a key of a map, of connections that cannot.
type unhashable struct {
	net.Listener
	_ []string
}

func (l unhashable) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	return embedded{Conn: nc}, err
}

// TestUnhashableListener serves a listener and connections of types that are not
// comparable, through the end of the Server.
func TestUnhashableListener(t *testing.T) {
	t.Parallel()
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			srv := &websocket.Server{Handler: h, MaxConns: 10}
			addr := serveOn(t, srv, unhashable{Listener: ln})
			for range 3 {
				c, err := websocket.Dial(background, "ws://"+addr, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Write(background, websocket.OpText, []byte("hello")); err != nil {
					t.Fatal(err)
				}
				if _, p, err := c.Read(background); err != nil || string(p) != "hello" {
					t.Fatalf("Read() = %q, %v", p, err)
				}
				defer c.CloseNow()
			}
			if err := srv.Shutdown(background); err != nil {
				t.Errorf("Shutdown() = %v", err)
			}
		})
	}
}
