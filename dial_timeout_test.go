package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// phases of a Dial, and a peer that stops answering in each.
var phases = []struct {
	name  string
	url   string
	proxy string
	set   func(*websocket.DialOptions)
	stall func(addr string, nc net.Conn) // then it only reads
}{
	{name: "connect", url: "ws://a.example", set: func(o *websocket.DialOptions) {
		o.NetDial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}},
	{name: "proxy's TLS", url: "ws://a.example", proxy: "https://proxy", stall: func(string, net.Conn) {}},
	{name: "CONNECT", url: "ws://a.example", proxy: "http://proxy", stall: func(string, net.Conn) {}},
	{name: "half an answer to CONNECT", url: "wss://a.example", proxy: "http://proxy", stall: func(_ string, nc net.Conn) {
		io.WriteString(nc, "HTTP/1.1 200 OK\r\n")
	}},
	{name: "SOCKS greeting", url: "ws://a.example", proxy: "socks5://proxy", stall: func(string, net.Conn) {}},
	{name: "SOCKS password", url: "ws://a.example", proxy: "socks5://u:p@proxy", stall: func(_ string, nc net.Conn) {
		nc.Write([]byte{5, 2})
	}},
	{name: "SOCKS connect", url: "ws://a.example", proxy: "socks5://proxy", stall: func(_ string, nc net.Conn) {
		nc.Write([]byte{5, 0})
	}},
	{name: "SOCKS address", url: "ws://a.example", proxy: "socks5://proxy", stall: func(_ string, nc net.Conn) {
		nc.Write([]byte{5, 0, 5, 0, 0, 3})
	}},
	{name: "TLS", url: "wss://a.example", stall: func(string, net.Conn) {}},
	{name: "TLS behind a proxy", url: "wss://a.example", proxy: "http://proxy", stall: func(_ string, nc net.Conn) {
		io.WriteString(nc, "HTTP/1.1 200 OK\r\n\r\n")
	}},
	{name: "request", url: "ws://a.example", set: func(o *websocket.DialOptions) {
		o.Header = http.Header{"X": {strings.Repeat("x", 100_000)}} // more than a pipe holds
	}, stall: func(_ string, nc net.Conn) { drip(nc, "x") }},
	{name: "response", url: "ws://a.example", stall: func(string, net.Conn) {}},
	{name: "half a response", url: "ws://a.example", stall: func(_ string, nc net.Conn) {
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web")
	}},
	{name: "dripping response", url: "ws://a.example", stall: func(_ string, nc net.Conn) {
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nX: ")
		drip(nc, "x")
	}},
	{name: "interim responses", url: "ws://a.example", stall: func(_ string, nc net.Conn) {
		drip(nc, "HTTP/1.1 100 Continue\r\n\r\n")
	}},
	{name: "redirected", url: "ws://a.example", stall: func(addr string, nc net.Conn) {
		if addr == "a.example:80" {
			answering("HTTP/1.1 302 Found\nLocation: ws://b.example\nContent-Length: 0\n\n", nil)(addr, nc)
		}
	}},
}

// drip writes s ten times a second until the other end is closed.
func drip(nc net.Conn, s string) {
	for {
		if _, err := io.WriteString(nc, s); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ends are the ways in which a Dial may be ended, and after how long.
var ends = []struct {
	name  string
	limit time.Duration // HandshakeTimeout
	ctx   func() (context.Context, context.CancelFunc)
	after time.Duration
	want  error
}{
	{"the handshake's time limit", 3 * time.Second, func() (context.Context, context.CancelFunc) { return context.WithCancel(background) }, 3 * time.Second, websocket.ErrTimeout},
	{"the context's deadline", 3 * time.Second, func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(background, 2*time.Second)
	}, 2 * time.Second, context.DeadlineExceeded},
	{"cancellation", -1, func() (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(time.Second, cancel)
		return ctx, cancel
	}, time.Second, context.Canceled},
}

func TestDialEndsInEveryPhase(t *testing.T) {
	for _, phase := range phases {
		for _, end := range ends {
			t.Run(phase.name+"/"+end.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := &network{peer: func(addr string, nc net.Conn) {
						if phase.stall != nil {
							phase.stall(addr, nc)
							io.Copy(io.Discard, nc) // until Dial closes its end
						}
					}}
					opts := n.options()
					opts.HandshakeTimeout = end.limit
					if phase.proxy != "" {
						opts.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(phase.proxy) }
					}
					if phase.set != nil {
						phase.set(opts)
					}
					ctx, cancel := end.ctx()
					defer cancel()
					begin := time.Now()
					_, err := websocket.Dial(ctx, phase.url, opts)
					if took := time.Since(begin); !errors.Is(err, end.want) || took != end.after {
						t.Errorf("Dial() = %v after %v, want %v after %v", err, took, end.want, end.after)
					}
					n.peers.Wait() // a deadlock if Dial left its end open
				})
			})
		}
	}
}

// net.Dialer gives sockets the context's deadline: they can be the first to
// notice that it is over.
func TestDialIsOverWhenNetworkSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &websocket.DialOptions{Proxy: noProxy, NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			limit, _ := ctx.Deadline()
			time.Sleep(time.Until(limit))
			return nil, os.ErrDeadlineExceeded // of 20 times, some are ahead of ctx
		}}
		for range 20 {
			if _, err := websocket.Dial(background, "ws://a.example", opts); !errors.Is(err, websocket.ErrTimeout) {
				t.Errorf("Dial() = %v, want ErrTimeout", err)
			}
		}
	})
}

func TestDialReportsRefusalWhoseBodyDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{peer: func(addr string, nc net.Conn) {
			answering("HTTP/1.1 403 Forbidden\nContent-Length: 100\n\nhalf", nil)(addr, nc)
			io.Copy(io.Discard, nc)
		}}
		_, err := websocket.Dial(background, "ws://a.example", n.options())
		if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != 403 || string(refused.Body) != "half" {
			t.Errorf("Dial() = %v, want the HandshakeError with half of the body", err)
		}
		n.peers.Wait()
	})
}

func TestDialContextHasNoEffectOnConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{peer: func(addr string, nc net.Conn) {
			answering(goodResponse, nil)(addr, nc)
			testkit.NewConn(nc, websocket.RoleServer, websocket.Handshake{}, nil).Serve(forms["events"])
		}}
		opts := n.options()
		opts.HandshakeTimeout = time.Second
		ctx, cancel := context.WithTimeout(background, 2*time.Second)
		c, err := websocket.Dial(ctx, "ws://a.example", opts)
		if err != nil {
			t.Fatal(err)
		}
		wantEcho(t, c, "before")
		time.Sleep(time.Minute)
		wantEcho(t, c, "after the deadline")
		cancel()
		synctest.Wait()
		wantEcho(t, c, "after cancel")
		c.Close(websocket.StatusNormalClosure, "")
		n.peers.Wait()
	})
}
