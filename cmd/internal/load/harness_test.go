package load

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// way is one of those that connections are driven in.
type way struct {
	name     string
	tls      bool
	compress bool
}

var ways = []way{
	{name: "sockets"},
	{name: "TLS", tls: true},
	{name: "compressed", compress: true},
}

// serve serves connections with h on a free port, and returns its URL.
func serve(t *testing.T, w way, h websocket.Handler) (url string) {
	t.Helper()
	srv := &websocket.Server{Handler: h, Options: websocket.Options{
		MaxMessage:  8 << 20,
		Compression: &websocket.Compression{Threshold: -1},
		Logger:      slog.New(slog.DiscardHandler),
	}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url = "ws://" + ln.Addr().String()
	if w.tls {
		url = "wss://" + ln.Addr().String()
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; err != websocket.ErrServerClosed {
			t.Errorf("Serve = %v", err)
		}
	})
	return url
}

// certificate returns one that nobody trusts.
func certificate(t *testing.T) tls.Certificate {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	return srv.TLS.Certificates[0]
}

// echo sends every message back.
var echo websocket.MessageFunc = func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}

// bench runs the command against url, with what set sets, and returns what it
// measured.
func bench(t *testing.T, ctx context.Context, w way, url string, set func(c *Command)) *Result {
	t.Helper()
	c := &Command{URL: url, Connections: 4, Messages: 1000, Size: sizes{125, 125}, Timeout: 20 * time.Second, Expect: "echo", Flags: reach.Flags{Insecure: true}, Compress: w.compress}
	set(c)
	if err := c.Validate(); err != nil {
		t.Fatalf("Validate = %v", err)
	}
	p, err := c.plan()
	if err != nil {
		t.Fatalf("plan = %v", err)
	}
	r, err := p.carryOut(ctx, func(*timeline, time.Duration) {})
	if err != nil {
		t.Fatalf("carryOut = %v", err)
	}
	if want := runtime.GOOS == "linux" && !w.tls && !w.compress; r.direct != want {
		t.Errorf("sockets were taken over: %v, want %v", r.direct, want)
	}
	if got := p.compression(); strings.HasPrefix(got, "permessage-deflate") != w.compress {
		t.Errorf("the server has agreed to %q", got)
	}
	return newResult(r)
}

// times returns how often a fault was counted.
func (r *Result) times(kind fault) int64 {
	for _, f := range r.Errors {
		if f.Kind == kind {
			return f.Count
		}
	}
	return 0
}

// percentile returns one of those of the table.
func (r *Result) percentile(p float64) time.Duration {
	i := slices.Index(percentiles, p)
	return time.Duration(r.Latency.Percentiles[i].Micros * 1e3)
}
