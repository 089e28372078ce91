package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// dialTLS opens a TLS connection, as a client that trusts roots, and returns it
// with the server's certificate.
func dialTLS(t *testing.T, addr, name string, roots *x509.CertPool) (*wire, *x509.Certificate) {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		t.Fatalf("TLS handshake with %s as %s: %v", addr, name, err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &wire{conn, bufio.NewReader(conn)}, conn.ConnectionState().PeerCertificates[0]
}

// writePEM writes a certificate and its key to files.
func writePEM(t *testing.T, c *tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

func TestServeWithACertificate(t *testing.T) {
	t.Parallel()
	made, err := selfSigned([]string{"ws.example"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := x509.ParseCertificate(made.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := writePEM(t, made)
	p := startServe(t, "--tls-cert", certFile, "--tls-key", keyFile)
	p.said(t, "^Open https://"+p.addr+"/$")

	roots := x509.NewCertPool()
	roots.AddCert(trusted)
	w, got := dialTLS(t, p.addr, "ws.example", roots)
	if !got.Equal(trusted) {
		t.Errorf("the server's certificate is for %v, want that of --tls-cert, for %v", got.DNSNames, trusted.DNSNames)
	}
	w.upgrade(t, p.addr, "/echo", "")
	w.send(t, true, text, "over TLS")
	w.want(t, text, "over TLS")
	w.send(t, true, closing, closePayload(1000, ""))
	w.want(t, closing, closePayload(1000, ""))
}

func TestServeSelfSigned(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--tls-self-signed")
	printed := p.said(t, "^Self-signed certificate, SHA-256 ([0-9A-F:]{95})$")[1]
	conn, err := tls.Dial("tcp", p.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	served := conn.ConnectionState().PeerCertificates[0]
	if got := fingerprint(&tls.Certificate{Certificate: [][]byte{served.Raw}}); got != printed {
		t.Errorf("fingerprint of the server's certificate is %s, printed was %s", got, printed)
	}

	// Whoever trusts it is satisfied with it, by each name of the server.
	roots := x509.NewCertPool()
	roots.AddCert(served)
	for _, name := range []string{"localhost", "127.0.0.1"} {
		w, _ := dialTLS(t, p.addr, name, roots)
		w.upgrade(t, p.addr, "/ws", "chat")
		w.send(t, true, text, `{"name":"ann","text":"over TLS"}`)
		w.want(t, text, `{"name":"ann","text":"over TLS"}`)
	}
}

// TestServeSaysWhatIsWrongWithTLS has a client that does not trust the server,
// and one that speaks no TLS.
func TestServeSaysWhatIsWrongWithTLS(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--tls-self-signed")
	if conn, err := tls.Dial("tcp", p.addr, &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()}); err == nil {
		conn.Close()
		t.Fatal("a client that trusts nobody was satisfied with the certificate")
	}
	p.said(t, "Refused the opening handshake of .* status=none .*bad certificate")
	w := dial(t, p.addr)
	if _, err := w.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	p.said(t, "Refused the opening handshake of .* status=400 .*HTTP on a port for TLS: use wss or https")
}

func TestCertificateHosts(t *testing.T) {
	for _, tt := range []struct {
		name, listen string
		want         string // one that has to be there
		others       bool   // whether the machine's addresses are there, too
	}{
		{"a name", "ws.example:443", "ws.example", false},
		{"an address", "192.0.2.1:443", "192.0.2.1", false},
		{"an IPv6 address", "[2001:db8::1]:443", "2001:db8::1", false},
		{"every interface", ":443", "localhost", true},
		{"every interface, IPv4", "0.0.0.0:443", "localhost", true},
		{"every interface, IPv6", "[::]:443", "::1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := certificateHosts(tt.listen)
			if !slices.Contains(got, tt.want) || !slices.Contains(got, "127.0.0.1") {
				t.Errorf("certificateHosts(%q) = %v, want 127.0.0.1 and %s in it", tt.listen, got, tt.want)
			}
			if others := len(got) > 4; others && !tt.others {
				t.Errorf("certificateHosts(%q) = %v, want no other addresses", tt.listen, got)
			}
		})
	}
}

func TestSelfSignedIsValidNow(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c, err := selfSigned([]string{"localhost", "::1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, tt := range []struct {
		name string
		host string
		at   time.Time
		good bool
	}{
		{"a name", "localhost", now, true},
		{"an address", "::1", now, true},
		{"another name", "ws.example", now, false},
		{"a clock that is behind", "localhost", now.Add(-59 * time.Minute), true},
		{"its last day", "localhost", now.Add(selfSignedLife), true},
		{"too late", "localhost", now.Add(selfSignedLife + time.Second), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := leaf.Verify(x509.VerifyOptions{DNSName: tt.host, Roots: roots, CurrentTime: tt.at})
			if (err == nil) != tt.good {
				t.Errorf("Verify(%s at %v) = %v, want success %t", tt.host, tt.at, err, tt.good)
			}
		})
	}
}
