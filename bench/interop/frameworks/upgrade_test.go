package frameworks

import (
	"bytes"
	"context"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
	"github.com/zerowire/websocket/internal/testkit"
)

// stackOptions are those of the server in each test of a stack.
var stackOptions = websocket.Options{Subprotocols: []string{"v2"}, Compression: &websocket.Compression{}}

// ways are the ways from an http.Handler to a connection that echoes.
var ways = []struct {
	name  string
	serve func(srv *websocket.Server) http.HandlerFunc
}{
	{"Upgrade", func(srv *websocket.Server) http.HandlerFunc {
		upgrader := websocket.Upgrader{Options: srv.Options}
		return func(w http.ResponseWriter, r *http.Request) {
			if c, err := upgrader.Upgrade(w, r); err == nil {
				defer c.CloseNow()
				c.Serve(srv.Handler)
			}
		}
	}},
	{"Server.Upgrade", func(srv *websocket.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := srv.Upgrade(w, r)
			if err != nil {
				return
			}
			defer c.CloseNow()
			for {
				op, p, err := c.Read(context.Background())
				if err != nil {
					return
				}
				c.Write(context.Background(), op, p)
			}
		}
	}},
	{"Server.ServeHTTP", func(srv *websocket.Server) http.HandlerFunc { return srv.ServeHTTP }},
}

// running is a stack that is served, over HTTP/1.1 and HTTP/2 without TLS.
type running struct {
	addr     string
	statuses chan int // of the access log
	errors   testkit.Output
	web      *http.Server
}

// run serves h in the stack until the test ends.
func (s stack) run(t *testing.T, h http.Handler) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{addr: ln.Addr().String(), statuses: make(chan int, 64)}
	r.web = &http.Server{
		Handler:   s.wrap(h, func(status int) { r.statuses <- status }, &r.errors),
		ErrorLog:  log.New(&r.errors, "", 0),
		Protocols: new(http.Protocols),
	}
	r.web.Protocols.SetHTTP1(true)
	r.web.Protocols.SetUnencryptedHTTP2(true)
	go r.web.Serve(ln)
	t.Cleanup(func() { r.web.Close() })
	return r
}

// wantLogged waits for the access log of one request.
func (r *running) wantLogged(t *testing.T, status int) {
	t.Helper()
	select {
	case got := <-r.statuses:
		if got != status {
			t.Errorf("the access log has status %d, want %d", got, status)
		}
	case <-time.After(patience):
		t.Errorf("the access log has no line for a request that ended with %d", status)
	}
}

func echoing(srv *websocket.Server) {
	srv.Options = stackOptions
	srv.Handler = websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})
}

// TestFrameworks opens a connection through each stack in each way.
func TestFrameworks(t *testing.T) {
	t.Parallel()
	for _, s := range stacks {
		for _, way := range ways {
			t.Run(s.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				var srv websocket.Server
				echoing(&srv)
				t.Cleanup(func() { srv.Close() })
				upgrade := way.serve(&srv)
				r := s.run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					describe(w.Header())
					upgrade(w, r)
				}))
				var header http.Header
				c := r.dial(t, websocket.Dial, &header)
				wantEchoes(t, c)
				wantHeaderOf101(t, header)
				if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
					t.Errorf("Close() = %v", err)
				}
				r.wantLogged(t, http.StatusSwitchingProtocols)
				if said := r.errors.String(); (said != "") != s.noisy {
					t.Errorf("the error log has %q, want something: %v", said, s.noisy)
				}
			})
		}
	}
}

// TestFrameworksHTTP2 is TestFrameworks over HTTP/2, where a connection is the body of a
// response: middlewares that compress bodies must not do so with messages.
func TestFrameworksHTTP2(t *testing.T) {
	t.Parallel()
	for _, s := range stacks {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var srv websocket.Server
			echoing(&srv)
			t.Cleanup(func() { srv.Close() })
			r := s.run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				describe(w.Header())
				srv.ServeHTTP(w, r)
			}))
			tr := &h2.Transport{Mode: h2.OnlyHTTP2}
			t.Cleanup(func() { tr.Close() })
			var header http.Header
			c := r.dial(t, tr.Dial, &header)
			wantEchoes(t, c)
			wantHeaderOf101(t, header)
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close() = %v", err)
			}
			r.wantLogged(t, http.StatusOK)
			if said := r.errors.String(); said != "" {
				t.Errorf("the error log has %q", said)
			}
		})
	}
}

// describe sets what middlewares set for pages, and what belongs to the connection.
func describe(h http.Header) {
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Content-Encoding": "br", "Content-Language": "de",
		"Content-Length": "2", "Etag": `"1"`, "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
		"X-Request-Id": "7", "Set-Cookie": "a=b",
	} {
		h.Set(name, value)
	}
}

// wantHeaderOf101 checks what describe has set: what describes a body is not there.
func wantHeaderOf101(t *testing.T, h http.Header) {
	t.Helper()
	for name := range h {
		if strings.HasPrefix(name, "Content-") || name == "Etag" || name == "Last-Modified" || name == "Transfer-Encoding" {
			t.Errorf("the response has %s: %q", name, h[name])
		}
	}
	for name, value := range map[string]string{"X-Request-Id": "7", "Set-Cookie": "a=b"} {
		if got := h[http.CanonicalHeaderKey(name)]; len(got) != 1 || got[0] != value {
			t.Errorf("the response has %s: %q, want %q", name, got, value)
		}
	}
	if got := h["Upgrade"]; len(got) > 1 {
		t.Errorf("the response has Upgrade: %q", got)
	}
}

// dial connects as a browser does, which takes compressed bodies.
func (r *running) dial(t *testing.T, dial func(context.Context, string, *websocket.DialOptions) (*websocket.Conn, error), header *http.Header) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := dial(ctx, "ws://"+r.addr+"/ws", &websocket.DialOptions{
		Options:  websocket.Options{Subprotocols: []string{"v1", "v2"}, Compression: &websocket.Compression{}},
		Header:   http.Header{"Accept-Encoding": {"gzip, deflate, br, zstd"}, "Origin": {"http://" + r.addr}},
		Accepted: func(h http.Header) error { *header = h; return nil },
	})
	if err != nil {
		t.Fatalf("Dial() = %v; the error log has %q", err, r.errors.String())
	}
	t.Cleanup(func() { c.CloseNow() })
	if c.Subprotocol() != "v2" {
		t.Errorf("Subprotocol() = %q, want v2", c.Subprotocol())
	}
	return c
}

// wantEchoes has small and large messages echoed.
func wantEchoes(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	greeting := []byte("Grüße, 世界 🌍")
	for _, message := range [][]byte{greeting, {}, bytes.Repeat(greeting, 10_000)} {
		if err := c.Write(ctx, websocket.OpBinary, message); err != nil {
			t.Fatalf("Write() = %v", err)
		}
		_, p, err := c.Read(ctx)
		if err != nil || !bytes.Equal(p, message) {
			t.Fatalf("Read() = %.40q (%d bytes), %v, want the echo of %d bytes", p, len(p), err, len(message))
		}
	}
}
