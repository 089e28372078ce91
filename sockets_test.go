package websocket_test

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/zerowire/websocket/internal/testkit"
)

// layers are what a connection may run over. pair returns the two ends of one, closed
// when the test ends, and what is below the peer's.
var layers = []struct {
	name string
	pair func(t *testing.T) (ours, peer, below net.Conn)
}{
	{"TCP", func(t *testing.T) (ours, peer, below net.Conn) {
		a, b := tcpPair(t)
		return a, b, b
	}},
	{"Unix", func(t *testing.T) (ours, peer, below net.Conn) {
		a, b := testkit.UnixPair(t)
		return a, b, b
	}},
	{"TLS", func(t *testing.T) (ours, peer, below net.Conn) {
		a, b := tcpPair(t)
		server := tls.Server(a, &tls.Config{Certificates: certificates()})
		client := tls.Client(b, &tls.Config{InsecureSkipVerify: true})
		shaken := make(chan error, 1)
		go func() { shaken <- client.Handshake() }()
		if err := server.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		return server, client, b
	}},
}

var certificates = sync.OnceValue(func() []tls.Certificate {
	hs := httptest.NewUnstartedServer(nil)
	hs.StartTLS()
	defer hs.Close()
	return hs.TLS.Certificates
})

// onLayers runs f over every layer, side by side.
func onLayers(t *testing.T, f func(t *testing.T, ours, peer, below net.Conn)) {
	t.Helper()
	for _, layer := range layers {
		t.Run(layer.name, func(t *testing.T) {
			t.Parallel()
			ours, peer, below := layer.pair(t)
			f(t, ours, peer, below)
		})
	}
}
