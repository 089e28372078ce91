package h2_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// serveChild serves an echo until standard input ends. Its URL and its certificate go to
// standard output.
func serveChild() {
	srv := &websocket.Server{Handler: echo{}}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Protocol", r.Proto)
		srv.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = os.Getenv(childVariable) == "http2"
	s.StartTLS()
	fmt.Println(s.URL)
	pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	os.Stdout.Close()
	bufio.NewReader(os.Stdin).ReadByte()
}

// startChild starts another process with serveChild, and returns where it is.
func startChild(t *testing.T, speaks, godebug string) (url string, trust *tls.Config) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+speaks, "GODEBUG="+godebug)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	out := bufio.NewReader(stdout)
	url, err = out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var certificate strings.Builder
	out.WriteTo(&certificate)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(certificate.String())) {
		t.Fatalf("no certificate in %q", certificate.String())
	}
	return "wss" + strings.TrimSpace(url)[len("https"):], &tls.Config{RootCAs: roots}
}

// TestFallback dials servers with and without WebSockets over HTTP/2, in each Mode.
func TestFallback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, speaks, godebug string
		auto                  string // the protocol of the mode Auto
		supported             bool   // the mode OnlyHTTP2 works
	}{
		{"extended CONNECT", "http2", "http2xconnect=1", "HTTP/2.0", true},
		{"HTTP/2 without extended CONNECT", "http2", "http2xconnect=0", "HTTP/1.1", false},
		{"HTTP/1.1 only", "http1", "", "HTTP/1.1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, trust := startChild(t, tt.speaks, tt.godebug)
			for mode, want := range map[h2.Mode]string{h2.Auto: tt.auto, h2.OnlyHTTP1: "HTTP/1.1", h2.OnlyHTTP2: "HTTP/2.0"} {
				tr := &h2.Transport{Mode: mode, TLSConfig: trust}
				defer tr.Close()
				if mode == h2.OnlyHTTP2 && !tt.supported {
					if _, err := tr.Dial(t.Context(), url, nil); !errors.Is(err, h2.ErrNotSupported) {
						t.Errorf("Dial() in the mode OnlyHTTP2 = %v, want ErrNotSupported", err)
					}
					continue
				}
				for range 3 {
					var protocol string
					wantEcho(t, dial(t, tr, url, &websocket.DialOptions{Accepted: func(h http.Header) error {
						protocol = h.Get("X-Protocol")
						return nil
					}}), websocket.OpText, "hello")
					if protocol != want {
						t.Errorf("mode %d used %s, want %s", mode, protocol, want)
					}
				}
			}
		})
	}
}
