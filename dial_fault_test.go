package websocket_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// faultyConn fails its n-th read or write.
type faultyConn struct {
	net.Conn
	left   int
	closed bool
}

var errFault = errors.New("injected fault")

func (c *faultyConn) step() error {
	if c.left--; c.left == 0 {
		return errFault
	}
	return nil
}

func (c *faultyConn) Read(p []byte) (int, error) {
	if err := c.step(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *faultyConn) Write(p []byte) (int, error) {
	if err := c.step(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *faultyConn) Close() error {
	c.closed = true
	return c.Conn.Close()
}

// Every read and write of a Dial is made to fail, one after the other.
func TestPromise30DialFailsAtEveryStep(t *testing.T) {
	http, config := proxied(t, false)
	https, _ := proxied(t, true)
	for _, tt := range []struct{ name, target, url, proxy string }{
		{"ws", http, "ws://example.com", ""},
		{"wss", https, "wss://example.com", ""},
		{"HTTP proxy", http, "ws://example.com", "http"},
		{"SOCKS proxy", http, "ws://example.com", "socks5"},
		{"SOCKS proxy and TLS", https, "wss://example.com", "socks5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr, opts := tt.target, &websocket.DialOptions{TLSConfig: config, Proxy: noProxy}
			switch tt.proxy {
			case "http":
				srv := httptest.NewServer(&httpProxy{target: tt.target})
				defer srv.Close()
				addr, opts.Proxy = srv.Listener.Addr().String(), through(t, "http://proxy")
			case "socks5":
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				go (&socksProxy{target: tt.target, user: "u:p"}).serve(ln)
				addr, opts.Proxy = ln.Addr().String(), through(t, "socks5://u:p@proxy")
			}
			for n := 1; ; n++ {
				var faulty *faultyConn
				opts.NetDial = func(ctx context.Context, _, _ string) (net.Conn, error) {
					nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
					faulty = &faultyConn{Conn: nc, left: n}
					return faulty, err
				}
				c, err := websocket.Dial(background, tt.url, opts)
				if err == nil {
					c.CloseNow()
					if n < 3 {
						t.Errorf("Dial() did only %d reads and writes", n-1)
					}
					return
				}
				if !errors.Is(err, errFault) || !faulty.closed {
					t.Fatalf("Dial() with fault %d = %v, closed: %v, want the fault, and closed", n, err, faulty.closed)
				}
			}
		})
	}
}

// Whatever becomes of a Dial, its descriptor is closed with it.
func TestDialLeavesNoDescriptor(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // where descriptors can be counted by listing them
	}
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	accepting := serve(t, &websocket.Server{Handler: forms["events"]})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	before := descriptors()
	for range 20 {
		if _, err := websocket.Dial(background, refusing.URL, nil); err == nil {
			t.Fatal("Dial() of a server that refuses succeeded")
		}
		ctx, cancel := context.WithTimeout(background, time.Millisecond)
		if _, err := websocket.Dial(ctx, "wss://"+silent.Addr().String(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Dial() of a silent server = %v, want context.DeadlineExceeded", err)
		}
		cancel()
		c, err := websocket.Dial(background, "ws://"+accepting, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
	}
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		if after := descriptors(); after <= before {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("%d descriptors before, %d after", before, after)
		}
	}
}
