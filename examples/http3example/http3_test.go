package http3example

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
)

const patience = testkit.Patience

// TestMain fails if a goroutine of the library outlives the tests.
func TestMain(m *testing.M) { leak.Main(m, patience, "github.com/zerowire/websocket") }

func echo(c *websocket.Conn) {
	defer c.CloseNow()
	for {
		op, p, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), op, p) != nil {
			return
		}
	}
}

// serve serves an echo over HTTP/3 and returns its URL and one connection to it.
func serve(t *testing.T, opts *websocket.Options) (string, *http3.ClientConn) {
	certified := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(certified.Close)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http3.Server{
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: certified.TLS.Certificates}),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := Accept(w, r, opts); err == nil {
				go echo(c)
			}
		}),
	}
	go srv.Serve(udp)
	t.Cleanup(func() {
		srv.Close()
		udp.Close()
	})
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := quic.DialAddr(ctx, udp.LocalAddr().String(), &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: []string{http3.NextProtoH3}},
		&quic.Config{KeepAlivePeriod: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseWithError(0, "") })
	return "https://" + udp.LocalAddr().String() + "/chat", new(http3.Transport).NewClientConn(conn)
}

func wantEcho(t *testing.T, c *websocket.Conn, message []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Write(ctx, websocket.OpBinary, message); err != nil {
		t.Errorf("Write() = %v", err)
		return
	}
	if _, p, err := c.Read(ctx); err != nil || !bytes.Equal(p, message) {
		t.Errorf("Read() = %d bytes, %v, want the echo of %d", len(p), err, len(message))
	}
}

// TestOverHTTP3 opens WebSockets that share one QUIC connection.
func TestOverHTTP3(t *testing.T) {
	opts := &websocket.Options{MaxMessage: 1 << 21, PingInterval: 100 * time.Millisecond}
	url, cc := serve(t, opts)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			c, err := Dial(t.Context(), cc, url, opts)
			if err != nil {
				t.Errorf("Dial() = %v", err)
				return
			}
			defer c.CloseNow()
			for _, n := range []int{0, 1, 125, 65536} {
				wantEcho(t, c, bytes.Repeat([]byte{byte(i)}, n))
			}
			if i == 0 {
				wantEcho(t, c, make([]byte, 1<<20))
			}
			time.Sleep(350 * time.Millisecond) // three intervals of the keepalive
			wantEcho(t, c, []byte("still there"))
			if err := c.Close(4001, "done"); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
	all.Wait()
}

// TestReadsThatEndEarlyLoseNothing repeats reads whose context ends at once, while messages
// arrive: wherever a read is interrupted, the next one continues there.
func TestReadsThatEndEarlyLoseNothing(t *testing.T) {
	url, cc := serve(t, nil)
	c, err := Dial(t.Context(), cc, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	const messages = 3000
	go func() {
		for i := range messages {
			c.Write(t.Context(), websocket.OpText, fmt.Append(nil, i))
		}
	}()
	for i := range messages {
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%40)*time.Microsecond)
			_, p, err := c.Read(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			if err != nil || string(p) != fmt.Sprint(i) {
				t.Fatalf("Read() = %q, %v, want %d", p, err, i)
			}
			break
		}
	}
}

func TestAcceptRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *http.Request)
		status int
	}{
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, http.StatusNotImplemented},
		{"other protocol", func(r *http.Request) { r.Proto = "connect-udp" }, http.StatusNotImplemented},
		{"other version", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") }, http.StatusBadRequest},
		{"other origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		{"opaque origin", func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodConnect, "https://example.com/chat", nil)
			r.Proto = "websocket"
			r.Header.Set("Sec-WebSocket-Version", "13")
			r.Header.Set("Origin", "https://example.com")
			tt.change(r)
			w := httptest.NewRecorder()
			if _, err := Accept(w, r, nil); err == nil || w.Code != tt.status {
				t.Errorf("Accept() = %v, status %d, want %d", err, w.Code, tt.status)
			}
		})
	}
}
