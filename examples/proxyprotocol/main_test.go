package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// dial connects as a load balancer does: it sends header before the client's first byte.
func dial(ctx context.Context, address, header string) (*websocket.Conn, error) {
	return websocket.Dial(ctx, "ws://"+address, &websocket.DialOptions{
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			if _, err := nc.Write([]byte(header)); err != nil {
				nc.Close()
				return nil, err
			}
			return nc, nil
		},
	})
}

// serve starts a server that trusts some addresses, and returns its own.
func serve(t *testing.T, trusted ...string) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run(ln, trusted) }()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln.Addr().String()
}

// The headers are written out as in the specification of the protocol, version 1 and 2.
func TestAddress(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	address := serve(t, "127.0.0.0/8")
	for _, tt := range []struct{ name, header, want string }{
		{"version 1", "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "192.0.2.7:51234"},
		{"version 1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n", "[2001:db8::7]:51234"},
		{"version 2", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb", "192.0.2.7:51234"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := dial(ctx, address, tt.header)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{tt.want, "hello"} {
				if _, p, err := c.Read(ctx); err != nil || string(p) != want {
					t.Fatalf("got %q, %v, want %q", p, err, want)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const header = "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n"
	for _, tt := range []struct{ name, trusted, header string }{
		{"no header", "127.0.0.1", ""},
		{"malformed header", "127.0.0.1", "PROXY TCP4 192.0.2.7\r\n"},
		{"not a load balancer", "10.0.0.0/8", header},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := dial(ctx, serve(t, tt.trusted), tt.header)
			if err == nil {
				c.CloseNow()
				t.Error("the connection was accepted")
			}
			if ctx.Err() != nil {
				t.Error("the connection was left open")
			}
		})
	}
}
