package reach

import (
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
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

func TestFlagsRefuse(t *testing.T) {
	noCertificate := filepath.Join(t.TempDir(), "none.pem")
	if err := os.WriteFile(noCertificate, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		flags Flags
		want  string
	}{
		{"a header without a colon", Flags{Header: []string{"Cookie"}}, "want 'NAME: VALUE'"},
		{"a header of the handshake", Flags{Header: []string{"Upgrade: h2c"}}, "--header"},
		{"sub-protocols in a header", Flags{Header: []string{"sec-websocket-protocol: a"}}, "use --subprotocol"},
		{"extensions in a header", Flags{Header: []string{"Sec-WebSocket-Extensions: a"}}, "use --compress"},
		{"a proxy without a scheme", Flags{Proxy: "localhost:3128"}, "--proxy: want a URL"},
		{"authorities that are none", Flags{CACert: noCertificate}, "no certificate found"},
		{"a key alone", Flags{Key: noCertificate}, "give --cert, too"},
		{"a certificate that is none", Flags{Cert: noCertificate}, "--cert, --key: "},
		{"no address to resolve to", Flags{Resolve: []string{"example.com:443"}}, "want HOST:PORT:ADDR"},
		{"a name to resolve to", Flags{Resolve: []string{"example.com:443:other"}}, "want HOST:PORT:ADDR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.flags.Options(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Options() = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestCheckURL(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"ws://localhost:8000/echo", ""},
		{"WSS://example.com", ""},
		{"ws+unix:///run/x.sock:/echo", ""},
		{"ws+unix:/run/x.sock:/echo", ""},
		{"", "no URL"},
		{"localhost:8000/echo", "did you mean ws://localhost:8000/echo?"},
		{"ws:/localhost", "no scheme"},
		{"ws://", "no host"},
		{"ws://a/#b", "no fragment"},
		{"ws://user:secret@a b/", "malformed URL"},
	} {
		err := CheckURL(tt.url)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("CheckURL(%q) = %v, want %q", tt.url, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("CheckURL(%q) = %v, which shows the password", tt.url, err)
		}
	}
}

// authority is a certificate authority for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	dir         string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.certificate, a.key = a.sign(t, "authority", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign signs a certificate for name with what template says, by itself without an
// authority, and writes it to name.pem and its key to name.key.
func (a *authority) sign(t *testing.T, name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name}
	template.DNSNames = []string{name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der},
		name + ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// TestTLSFlags connects to a server that wants a certificate of the client, and has
// one for a name that no name server knows.
func TestTLSFlags(t *testing.T) {
	a := newAuthority(t)
	a.sign(t, "server.test", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign(t, "client.test", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(a.file("server.test.pem"), a.file("server.test.key"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.certificate)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Upgrade(w, r, nil); err == nil {
			c.CloseNow()
		}
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	s.StartTLS()
	defer s.Close()
	addr := s.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	to := "wss://server.test:" + port + "/"

	ca, cert, key := a.file("authority.pem"), a.file("client.test.pem"), a.file("client.test.key")
	resolve := []string{"server.test:" + port + ":127.0.0.1"}
	for _, tt := range []struct {
		name  string
		url   string
		flags Flags
		want  string // in the error; "" for none
	}{
		{"all of them", to, Flags{CACert: ca, Cert: cert, Key: key, Resolve: resolve}, ""},
		{"the name in place of --resolve", "wss://" + addr + "/", Flags{CACert: ca, Cert: cert, Key: key, ServerName: "server.test"}, ""},
		{"without --servername", "wss://" + addr + "/", Flags{CACert: ca, Cert: cert, Key: key}, "--servername"},
		{"without --cacert", to, Flags{Cert: cert, Key: key, Resolve: resolve}, "--cacert"},
		{"without --cert", to, Flags{CACert: ca, Resolve: resolve}, "--cert and --key"},
		{"without --resolve", "wss://server.invalid/", Flags{CACert: ca}, "server.invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts, err := tt.flags.Options()
			if err != nil {
				t.Fatal(err)
			}
			c, err := websocket.Dial(t.Context(), tt.url, opts)
			if err == nil {
				c.CloseNow()
			}
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Dial = %v", err)
				}
				return
			}
			if err == nil {
				t.Fatalf("Dial succeeds, want an error with %q", tt.want)
			}
			if err := tt.flags.Explain(t.Context(), tt.url, err); !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Explain = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestConnect takes connections that Dial has opened, and does the opening handshake
// on them itself.
func TestConnect(t *testing.T) {
	accept := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Upgrade(w, r, nil); err == nil {
			c.Write(context.Background(), websocket.OpText, []byte("welcome"))
			c.Close(websocket.StatusNormalClosure, "")
		}
	})
	plain, secure := httptest.NewServer(accept), httptest.NewTLSServer(accept)
	defer plain.Close()
	defer secure.Close()
	socket := filepath.Join(t.TempDir(), "s")
	ln, err := Listen("unix:" + socket)
	if err != nil {
		t.Fatal(err)
	}
	unix := &httptest.Server{Listener: ln, Config: &http.Server{Handler: accept}}
	unix.Start()
	defer unix.Close()
	proxied := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied <- r.Method
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		nc, _, _ := w.(http.Hijacker).Hijack()
		nc.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		go func() {
			defer up.Close()
			buf := make([]byte, 4096)
			for n, err := nc.Read(buf); err == nil; n, err = nc.Read(buf) {
				up.Write(buf[:n])
			}
		}()
		defer nc.Close()
		buf := make([]byte, 4096)
		for n, err := up.Read(buf); err == nil; n, err = up.Read(buf) {
			nc.Write(buf[:n])
		}
	}))
	defer proxy.Close()

	for _, tt := range []struct {
		name, url string
		flags     Flags
	}{
		{"TCP", "ws" + strings.TrimPrefix(plain.URL, "http"), Flags{}},
		{"TLS", "wss" + strings.TrimPrefix(secure.URL, "https"), Flags{Insecure: true}},
		{"unix", "ws+unix:" + socket + ":/", Flags{}},
		{"through a proxy", "ws" + strings.TrimPrefix(plain.URL, "http"), Flags{Proxy: proxy.URL}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nc, err := tt.flags.Connect(t.Context(), tt.url)
			if err != nil {
				t.Fatalf("Connect = %v", err)
			}
			c, err := websocket.Dial(t.Context(), "ws://unused/", &websocket.DialOptions{
				NetDial: func(context.Context, string, string) (net.Conn, error) { return nc, nil },
				Proxy:   func(*http.Request) (u *url.URL, err error) { return nil, nil },
			})
			if err != nil {
				t.Fatalf("opening handshake on the connection: %v", err)
			}
			defer c.CloseNow()
			if _, p, err := c.Read(t.Context()); err != nil || string(p) != "welcome" {
				t.Errorf("Read = %q, %v, want welcome", p, err)
			}
			if tt.flags.Proxy != "" {
				if method := <-proxied; method != http.MethodConnect {
					t.Errorf("the proxy got %s, want CONNECT", method)
				}
			}
		})
	}
}
