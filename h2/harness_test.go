package h2_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

// patience bounds every wait of a test that a correct peer does not use up.
const patience = testkit.Patience

// childVariable in the environment makes this program serve WebSockets over TLS, with or
// without announcing HTTP/2's, as GODEBUG says.
const childVariable = "H2_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		serveChild()
		return
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", strconv.Itoa(waitingTests))
	}
	leak.Main(m, patience, "github.com/zerowire/websocket")
}

// waitingTests is how many tests run at a time by default: those that are parallel wait most
// of the time.
const waitingTests = 16

// server is a net/http server for HTTP/2 and HTTP/1.1 over TLS, on a free port.
type server struct {
	*httptest.Server
	conns atomic.Int32 // TCP connections that it has accepted
}

func (s *server) wss() string { return "wss" + s.URL[len("https"):] }

// serve serves h until the test ends. configure may change the server before it starts.
func serve(t testing.TB, h http.Handler, configure ...func(*http.Server)) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.EnableHTTP2 = true
	s.Config.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 8 << 20, MaxReceiveBufferPerStream: 64 << 10}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	for _, c := range configure {
		c(s.Config)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// trust returns TLS settings that trust the certificate of s.
func trust(s *server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool}
}

// newTransport returns a Transport for s that uses HTTP/2 only, and is closed when the
// test ends.
func newTransport(t testing.TB, s *server) *h2.Transport {
	tr := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: trust(s)}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// dial opens a WebSocket, which is closed when the test ends.
func dial(t testing.TB, tr *h2.Transport, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := tr.Dial(ctx, url, opts)
	if err != nil {
		t.Fatalf("Dial(%s) = %v", url, err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// echo is the event form of an echo.
type echo struct{}

func (echo) Open(*websocket.Conn) {}
func (echo) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}
func (echo) Close(*websocket.Conn, error) {}

// echoBlocking is the blocking form of it.
func echoBlocking(c *websocket.Conn) {
	for echoOnce(c) {
	}
}

// echoOnce echoes one message, and reports whether it was sent.
func echoOnce(c *websocket.Conn) bool {
	op, p, err := c.Read(context.Background())
	return err == nil && c.Write(context.Background(), op, p) == nil
}

// forms are the ways in which a handler of net/http serves an echo.
func forms(t testing.TB, opts websocket.Options) map[string]http.Handler {
	upgrade := func(serve func(*websocket.Conn)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Upgrade(w, r, &opts)
			if err != nil {
				return
			}
			defer c.CloseNow()
			serve(c)
		})
	}
	srv := &websocket.Server{Options: opts}
	return map[string]http.Handler{
		"Server.Upgrade": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := srv.Upgrade(w, r); err == nil {
				c.Serve(echo{})
			}
		}),
		"Server, events":    &websocket.Server{Handler: echo{}, Options: opts},
		"Server, blocking":  &websocket.Server{Handler: websocket.Blocking(echoBlocking), Options: opts},
		"Upgrade, events":   upgrade(func(c *websocket.Conn) { c.Serve(echo{}) }),
		"Upgrade, blocking": upgrade(echoBlocking),
	}
}

// wantEcho sends message on c and wants it back.
func wantEcho(t testing.TB, c *websocket.Conn, op websocket.Opcode, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Write(ctx, op, []byte(message)); err != nil {
		t.Errorf("Write of %d bytes = %v", len(message), err)
		return
	}
	got, p, err := c.Read(ctx)
	if err != nil || got != op || string(p) != message {
		t.Errorf("Read() = %v, %d bytes, %v, want the echo of %d bytes", got, len(p), err, len(message))
	}
}
