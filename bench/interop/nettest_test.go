package interop

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
	"golang.org/x/net/nettest"
)

// transports are the connections that a NetConn is tested on. Each makes the two
// ends of one, the client's first, and closes them when the test ends.
var transports = map[string]func(t testing.TB) (client, server *websocket.Conn){
	"Pipe": func(t testing.TB) (client, server *websocket.Conn) {
		client, server = websocket.Pipe(nil)
		closeLater(t, client, server)
		return client, server
	},
	"TCP": func(t testing.TB) (client, server *websocket.Conn) { return overHTTP(t, httptest.NewServer, nil) },
	"TLS": func(t testing.TB) (client, server *websocket.Conn) { return overHTTP(t, httptest.NewTLSServer, nil) },
	"TCP, compressed": func(t testing.TB) (client, server *websocket.Conn) {
		return overHTTP(t, httptest.NewServer, &websocket.Compression{Takeover: true, Threshold: -1})
	},
}

// overHTTP makes a connection by Dial and Upgrade, to a server that newServer
// starts.
func overHTTP(t testing.TB, newServer func(http.Handler) *httptest.Server, compression *websocket.Compression) (client, server *websocket.Conn) {
	t.Helper()
	opts := websocket.Options{Compression: compression}
	accepted := make(chan *websocket.Conn, 1)
	srv := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, &opts)
		if err != nil {
			t.Errorf("Upgrade: %v", err)
		}
		accepted <- c
	}))
	t.Cleanup(srv.Close)
	var config *tls.Config
	if srv.TLS != nil {
		config = srv.Client().Transport.(*http.Transport).TLSClientConfig
	}
	client, err := websocket.Dial(t.Context(), srv.URL, &websocket.DialOptions{Options: opts, TLSConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	closeLater(t, client, server)
	return client, server
}

func closeLater(t testing.TB, conns ...*websocket.Conn) {
	t.Cleanup(func() {
		for _, c := range conns {
			c.CloseNow()
		}
	})
}

// closeBoth closes both ends at the same time: each waits for the other one.
func closeBoth(c1, c2 net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() { c1.Close() })
	wg.Go(func() { c2.Close() })
	wg.Wait()
}

// TestNetConnConforms runs golang.org/x/net/nettest, which tests what every net.Conn
// has to do, on each transport and from both ends.
func TestNetConnConforms(t *testing.T) {
	for name, transport := range transports {
		for _, first := range []websocket.Role{websocket.RoleClient, websocket.RoleServer} {
			t.Run(name+", "+first.String()+" first", func(t *testing.T) {
				t.Parallel()
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					client, server := transport(t)
					c1, c2 = websocket.NetConn(client, websocket.OpBinary), websocket.NetConn(server, websocket.OpBinary)
					if first == websocket.RoleServer {
						c1, c2 = c2, c1
					}
					return c1, c2, func() { closeBoth(c1, c2) }, nil
				})
			})
		}
	}
}
