package h2_test

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"crypto/tls"
	"crypto/x509"

	"net/http/httptest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// serveChild serves an echo until standard input ends. Its URL and its certificate go to
// standard output.
func serveChild() {
	s := httptest.NewUnstartedServer(&websocket.Server{Handler: echo{}})
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

// TestFallback dials servers that do not accept WebSockets over HTTP/2.
func TestFallback(t *testing.T) {
	for _, tt := range []struct{ name, speaks, godebug string }{
		{"HTTP/2 without extended CONNECT", "http2", "http2xconnect=0"},
		{"HTTP/1.1 only", "http1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, trust := startChild(t, tt.speaks, tt.godebug)
			only := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: trust}
			defer only.Close()
			if _, err := only.Dial(t.Context(), url, nil); err == nil {
				t.Error("Dial() over nothing but HTTP/2 = nil")
			} else {
				t.Logf("OnlyHTTP2: %v", err)
			}
			for _, mode := range []h2.Mode{h2.Auto, h2.OnlyHTTP1} {
				tr := &h2.Transport{Mode: mode, TLSConfig: trust}
				defer tr.Close()
				for range 3 {
					wantEcho(t, dial(t, tr, url, nil), websocket.OpText, "hello")
				}
			}
		})
	}
	t.Run("it accepts them", func(t *testing.T) {
		url, trust := startChild(t, "http2", "http2xconnect=1")
		tr := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: trust}
		defer tr.Close()
		wantEcho(t, dial(t, tr, url, nil), websocket.OpText, "hello")
	})
}
