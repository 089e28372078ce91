package websocket_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
)

var background = context.Background()

// The echo peer, in both forms.
var forms = map[string]websocket.Handler{
	"events": websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(background, op, p)
	}),
	"blocking": websocket.Blocking(func(c *websocket.Conn) {
		for {
			op, p, err := c.Read(background)
			if err != nil || c.Write(background, op, p) != nil {
				return
			}
		}
	}),
}

// conformanceOptions let the largest of the suite's messages pass.
var conformanceOptions = websocket.Options{MaxMessage: 16 << 20}

// serve runs srv on a free port until the test ends, and returns its address.
func serve(t testing.TB, srv *websocket.Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, srv, ln)
}

// serveOn runs srv on ln until the test ends, and returns its address.
func serveOn(t testing.TB, srv *websocket.Server, ln net.Listener) string {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; err != websocket.ErrServerClosed {
			t.Errorf("Serve() = %v, want ErrServerClosed", err)
		}
	})
	return ln.Addr().String()
}

// upgraded connects to a server with a bare opening handshake.
func upgraded(t testing.TB, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	head, err := codec.AppendRequest(nil, codec.RequestParams{Host: addr, Key: codec.EncodeKey([16]byte{1, 2, 3})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(head); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(nc, 512), nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("opening handshake: %v, %v", resp, err)
	}
	return nc
}

// groups are those that every form and role is played, and heavy the one with
// many megabytes, which is left out where it takes too long.
var groups, heavy = []string{"1", "2", "3", "4", "5", "6", "7", "10"}, []string{"9"}

func TestPromise31ServerConformance(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			addr := serve(t, &websocket.Server{Handler: h, Options: conformanceOptions})
			played := groups
			if form == "events" && !raceEnabled {
				played = slices.Concat(groups, heavy)
			}
			t.Run("cases", func(t *testing.T) {
				dial := func(t *testing.T) net.Conn { return upgraded(t, addr) }
				wstest.PlayTable(t, codec.Server, dial, played...)
			})
		})
	}
}

// TestPromise31ConformanceInMemory plays every case in exact time, which Autobahn's waits
// cost nothing in, against both roles and both forms.
func TestPromise31ConformanceInMemory(t *testing.T) {
	for _, role := range []codec.Role{codec.Client, codec.Server} {
		for form, h := range forms {
			t.Run(role.String()+"/"+form, func(t *testing.T) {
				dial := func(t *testing.T) net.Conn {
					suite, peer := pipe.New()
					go websocket.NewConn(peer, role, "", nil, &conformanceOptions).Serve(h)
					return suite
				}
				played := groups
				if role == codec.Client && form == "events" && !raceEnabled {
					played = slices.Concat(groups, heavy)
				}
				wstest.PlayTableInBubble(t, role, dial, played...)
			})
		}
	}
}
