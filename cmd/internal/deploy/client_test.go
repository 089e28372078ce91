package deploy

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// host is the one that the configurations are for.
const host = "example.com"

// schemes are those of the URLs that a proxy serves WebSockets at, and of the
// origins of pages from there.
var schemes = map[string]string{"ws": "http", "wss": "https"}

// dialer is a browser's way to connect: to host, and from a page of origin if
// that is not empty.
type dialer struct {
	proxy       *proxy
	scheme      string // ws or wss
	origin      string
	header      http.Header
	subprotocol string
	options     websocket.Options
}

func (d dialer) dial(ctx context.Context, path string) (*websocket.Conn, error) {
	opts := &websocket.DialOptions{
		Options:   d.options,
		Header:    d.header.Clone(),
		NetDial:   d.proxy.dialer(d.scheme),
		TLSConfig: &tls.Config{RootCAs: d.proxy.cert.pool},
		Proxy:     noProxy,
	}
	if opts.Header == nil {
		opts.Header = http.Header{}
	}
	if d.origin != "" {
		opts.Header.Set("Origin", d.origin)
	}
	if d.subprotocol != "" {
		opts.Subprotocols = []string{d.subprotocol}
	}
	return websocket.Dial(ctx, d.scheme+"://"+host+path, opts)
}

// mustDial dials until the test ends.
func (d dialer) mustDial(t *testing.T, path string) *websocket.Conn {
	t.Helper()
	c, err := d.dial(limited(t), path)
	if err != nil {
		t.Fatalf("Dial(%s): %v; the proxy says:\n%s", path, err, d.proxy.out.tail())
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// dialer returns what leads to the proxy wherever an address wants to go.
func (p *proxy) dialer(scheme string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	to := map[string]string{"ws": p.ws, "wss": p.wss}[scheme]
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", to)
	}
}

// limited is a context that ends with patience.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// wantEcho sends a message and wants it back.
func wantEcho(t *testing.T, c *websocket.Conn, op websocket.Opcode, p []byte) {
	t.Helper()
	wantAnswer(t, c, op, p, p)
}

func wantAnswer(t *testing.T, c *websocket.Conn, op websocket.Opcode, p, want []byte) {
	t.Helper()
	ctx := limited(t)
	if err := c.Write(ctx, op, p); err != nil {
		t.Fatalf("Write(%v, %.40q): %v", op, p, err)
	}
	gotOp, got, err := c.Read(ctx)
	if err != nil || gotOp != op || !bytes.Equal(got, want) {
		t.Fatalf("answer to %v %.40q: got %v %.40q, %v; want %v %.40q", op, p, gotOp, got, err, op, want)
	}
}

// certificate is one for host that only these tests trust.
type certificate struct {
	dir  string
	pool *x509.CertPool
}

func (c *certificate) file(name string) string { return filepath.Join(c.dir, name) }

// newCertificate makes one, in the files cert.pem, key.pem and, as HAProxy wants
// them, both.pem.
func newCertificate(t *testing.T) *certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	c := &certificate{dir: t.TempDir(), pool: x509.NewCertPool()}
	c.pool.AppendCertsFromPEM(certPEM)
	for name, b := range map[string][]byte{"cert.pem": certPEM, "key.pem": keyPEM, "both.pem": append(bytes.Clone(certPEM), keyPEM...)} {
		if err := os.WriteFile(c.file(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}
