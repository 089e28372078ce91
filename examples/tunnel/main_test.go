package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// listen returns a TCP listener that is closed when the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// TestTunnel sends bytes through both ends of the tunnel to a server that returns them
// and then closes its connection.
func TestTunnel(t *testing.T) {
	const size = 3_000_000
	target := listen(t)
	go func() {
		for {
			tcp, err := target.Accept()
			if err != nil {
				return
			}
			go func() {
				defer tcp.Close()
				io.CopyN(tcp, tcp, size)
			}()
		}
	}()
	srv := httptest.NewServer(server(target.Addr().String()))
	defer srv.Close()
	entrance := listen(t)
	go client(entrance, srv.URL)

	tcp, err := net.Dial("tcp", entrance.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	tcp.SetDeadline(time.Now().Add(30 * time.Second))
	sent := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(sent)
	go tcp.Write(sent)
	got, err := io.ReadAll(tcp) // until the server has closed its connection
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v, want the %d that were sent", len(got), err, size)
	}
}

func TestTunnelWithoutTarget(t *testing.T) {
	target, entrance := listen(t), listen(t)
	target.Close()
	srv := httptest.NewServer(server(target.Addr().String()))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err == nil {
		c.CloseNow()
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusBadGateway {
		t.Errorf("dial: %v, want a refusal with 502", err)
	}

	go client(entrance, srv.URL)
	tcp, err := net.Dial("tcp", entrance.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	tcp.SetDeadline(time.Now().Add(30 * time.Second))
	if got, err := io.ReadAll(tcp); len(got) != 0 || err != nil {
		t.Errorf("got %q, %v, want the end of the stream", got, err)
	}
}
