package websocket_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// TestWriteTimeoutIsAboutProgressOnSockets has a peer take a large message steadily, but
// for longer than WriteTimeout in all; and then nothing more. WriteTimeout is longer than
// a busy machine keeps the peer from reading.
func TestWriteTimeoutIsAboutProgressOnSockets(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	pair := func(t *testing.T, network, addr string) (ours, peer net.Conn) {
		ln, err := net.Listen(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		dialed := started(func() (err error) {
			peer, err = net.Dial(network, ln.Addr().String())
			return err
		})
		ours, err = ln.Accept()
		if err := errors.Join(err, <-dialed); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ours.Close(); peer.Close() })
		// Small buffers have room again soon, so that it is the peer's reading that counts.
		writes := ours.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(64 << 10)
		reads := peer.(interface{ SetReadBuffer(int) error }).SetReadBuffer(64 << 10)
		if err := errors.Join(writes, reads); err != nil {
			t.Fatal(err)
		}
		return ours, peer
	}
	for _, tt := range []struct {
		name string
		pair func(t *testing.T) (ours, peer net.Conn)
	}{
		{"TCP", func(t *testing.T) (_, _ net.Conn) { return pair(t, "tcp", "127.0.0.1:0") }},
		{"Unix", func(t *testing.T) (_, _ net.Conn) { return pair(t, "unix", filepath.Join(t.TempDir(), "s")) }},
		{"TLS", func(t *testing.T) (net.Conn, net.Conn) {
			ours, peer := pair(t, "tcp", "127.0.0.1:0")
			server := tls.Server(ours, certificates.TLS)
			client := tls.Client(peer, &tls.Config{InsecureSkipVerify: true})
			shaken := started(client.Handshake)
			if err := errors.Join(server.Handshake(), <-shaken); err != nil {
				t.Fatal(err)
			}
			return server, client
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const limit, steady, size = 4 * time.Second, 6 * time.Second, 24 << 20
			ours, peer := tt.pair(t)
			c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{WriteTimeout: limit})
			defer c.CloseNow()
			written := started(func() error { return c.Write(background, websocket.OpBinary, make([]byte, size)) })
			start := time.Now()
			for total := 0; total < size; {
				n, err := peer.Read(make([]byte, 64<<10))
				if total += n; err != nil {
					t.Fatalf("the peer reads %d bytes in %v, and then %v", total, time.Since(start), err)
				}
				if took := time.Since(start); took < steady {
					if total >= size {
						t.Fatalf("the message has come after %v: the test has to send more", took)
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
			if err := <-written; err != nil {
				t.Errorf("Write() to a peer that took something every 20 ms = %v", err)
			}
			start = time.Now()
			err := error(nil)
			for err == nil {
				err = c.Write(background, websocket.OpBinary, make([]byte, size))
			}
			if !errors.Is(err, websocket.ErrTimeout) {
				t.Errorf("Write() to a peer that takes nothing = %v, want ErrTimeout", err)
			}
			if took := time.Since(start); took < limit {
				t.Errorf("that took %v, want %v at least", took, limit)
			}
			io.Copy(io.Discard, peer)
		})
	}
}

// started calls f on a goroutine, and returns where its result comes.
func started(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	return result
}
