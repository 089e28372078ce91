package testkit

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// Echo holds handlers that send every message back, one for each form of a Handler.
var Echo = map[string]websocket.Handler{
	"events": websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	}),
	"blocking": websocket.Blocking(func(c *websocket.Conn) {
		for {
			op, p, err := c.Read(context.Background())
			if err != nil || c.Write(context.Background(), op, p) != nil {
				return
			}
		}
	}),
}

// Quiet discards what is logged. It is for tests that cause log entries on purpose.
var Quiet = slog.New(slog.DiscardHandler)

// Serve runs srv on a free port of the loopback address until the test ends, and returns
// its address.
func Serve(t testing.TB, srv *websocket.Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ServeOn(t, srv, ln)
}

// ServeOn runs srv on ln until the test ends, and returns its address.
func ServeOn(t testing.TB, srv *websocket.Server, ln net.Listener) string {
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

// Upgraded connects to the server at addr and completes the opening handshake. What
// follows on the returned connection are frames. It is closed when the test ends.
func Upgraded(t testing.TB, addr string) net.Conn {
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
	if got, err := readHead(nc); err != nil || !strings.HasPrefix(got, "HTTP/1.1 101 ") {
		t.Fatalf("opening handshake: %q, %v", got, err)
	}
	return nc
}

// readHead reads to the empty line, and no byte behind it: a frame may follow at once.
func readHead(nc net.Conn) (string, error) {
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if _, err := nc.Read(b); err != nil {
			return string(head), err
		}
		head = append(head, b[0])
	}
	return string(head), nil
}

// TCPPair returns the two ends of a TCP connection on the loopback address. Both are
// closed when the test ends.
func TCPPair(t testing.TB) (ours, peer *net.TCPConn) {
	t.Helper()
	accepted, dialled := pair(t, "tcp", "127.0.0.1:0")
	return accepted.(*net.TCPConn), dialled.(*net.TCPConn)
}

// UnixPair is TCPPair with a Unix socket.
func UnixPair(t testing.TB) (ours, peer net.Conn) {
	t.Helper()
	return pair(t, "unix", filepath.Join(t.TempDir(), "s"))
}

func pair(t testing.TB, network, address string) (accepted, dialled net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if dialled, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if accepted, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialled.Close()
		accepted.Close()
	})
	return accepted, dialled
}
