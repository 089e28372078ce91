package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub/natsbroker/embedded"
	"github.com/zerowire/websocket/internal/testkit"
)

var quiet = slog.New(slog.DiscardHandler)

func start(t *testing.T, o embedded.Options) *embedded.Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet
	}
	srv, err := embedded.Start(o)
	if err != nil {
		t.Fatalf("Start(%+v) = %v", o, err)
	}
	t.Cleanup(srv.Shutdown)
	return srv
}

func client(t *testing.T, srv *embedded.Server) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("", srv.ClientOptions()...)
	if err != nil {
		t.Fatalf("nats.Connect() in the process = %v", err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > testkit.Patience {
			t.Fatalf("not %s", what)
		}
	}
}

// reaches waits until a message of one server's client reaches the other's.
func reaches(t *testing.T, from, to *embedded.Server) {
	t.Helper()
	sub, err := client(t, to).SubscribeSync("a")
	if err != nil {
		t.Fatal(err)
	}
	pub := client(t, from)
	eventually(t, "reached", func() bool {
		pub.Publish("a", []byte("hello"))
		msg, err := sub.NextMsg(10 * time.Millisecond)
		return err == nil && string(msg.Data) == "hello"
	})
}

func TestClusters(t *testing.T) {
	certs := certificate(t)
	for _, tt := range []struct {
		name          string
		first, second embedded.Options
	}{
		{"open", embedded.Options{}, embedded.Options{}},
		{"a name", embedded.Options{ClusterName: "x"}, embedded.Options{ClusterName: "x"}},
		{"a password", embedded.Options{ClusterUser: "u", ClusterPassword: "p@:/"}, embedded.Options{ClusterUser: "u", ClusterPassword: "p@:/"}},
		{"TLS", embedded.Options{ClusterTLS: certs}, embedded.Options{ClusterTLS: certs}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.first.ClusterListen = "127.0.0.1:0"
			first := start(t, tt.first)
			tt.second.Join = []string{first.ClusterAddr().String()}
			second := start(t, tt.second)
			third := start(t, tt.second)
			eventually(t, "all connected to all", func() bool {
				return first.Peers() == 2 && second.Peers() == 2 && third.Peers() == 2
			})
			reaches(t, first, third)
			reaches(t, third, second)
			second.Shutdown()
			eventually(t, "without the second", func() bool { return first.Peers() == 1 && third.Peers() == 1 })
			reaches(t, third, first)
		})
	}
}

// Servers that should not meet do not.
func TestClusterRefuses(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second embedded.Options
	}{
		{"no password", embedded.Options{ClusterUser: "u", ClusterPassword: "p"}, embedded.Options{}},
		{"a wrong password", embedded.Options{ClusterUser: "u", ClusterPassword: "p"}, embedded.Options{ClusterUser: "u", ClusterPassword: "x"}},
		{"no TLS", embedded.Options{ClusterTLS: certificate(t)}, embedded.Options{}},
		{"another certificate", embedded.Options{ClusterTLS: certificate(t)}, embedded.Options{ClusterTLS: certificate(t)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.first.ClusterListen = "127.0.0.1:0"
			refused := make(chan string, 100)
			tt.first.Configure = func(o *server.Options) { o.Cluster.AuthTimeout = 1 }
			tt.first.Logger = slog.New(slog.NewTextHandler(lines(refused), nil))
			first := start(t, tt.first)
			tt.second.Join = []string{first.ClusterAddr().String()}
			start(t, tt.second)
			select {
			case <-refused: // an attempt has failed
			case <-time.After(testkit.Patience):
				t.Error("the first server has not complained")
			}
			if n := first.Peers(); n != 0 {
				t.Errorf("Peers() = %d, want none", n)
			}
		})
	}
}

// lines is a Writer for what is logged.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// The port that a cluster's server has for clients lets nobody in.
func TestNobodyElseConnects(t *testing.T) {
	srv := start(t, embedded.Options{ClusterListen: "127.0.0.1:0"})
	nc, err := nats.Connect(srv.ClientAddr().String())
	if err == nil {
		nc.Close()
		t.Errorf("a client without the password got in at %v", srv.ClientAddr())
	} else if !strings.Contains(err.Error(), "Authorization") {
		t.Errorf("nats.Connect() = %v, want an authorization error", err)
	}
	if alone := start(t, embedded.Options{}); alone.ClientAddr() != nil || alone.ClusterAddr() != nil {
		t.Errorf("a server alone listens on %v and %v", alone.ClientAddr(), alone.ClusterAddr())
	}
}

func TestStartRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, tt := range []struct {
		name string
		opts embedded.Options
		want string
	}{
		{"an address without a port", embedded.Options{ClusterListen: "localhost"}, "ClusterListen"},
		{"a port that is none", embedded.Options{Listen: "localhost:http"}, "Listen"},
		{"a port that is too large", embedded.Options{Listen: "localhost:70000"}, "Listen"},
		{"to join any port", embedded.Options{Join: []string{"localhost:0"}}, "Join"},
		{"a cluster with a store and no name", embedded.Options{ClusterListen: "127.0.0.1:0", StoreDir: t.TempDir()}, "Name"},
		{"a cluster port that is in use", embedded.Options{ClusterListen: busy.Addr().String()}, "in use"},
		{"a client port that is in use", embedded.Options{Listen: busy.Addr().String()}, "in use"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Logger = quiet
			clock := testkit.StartClock(t)
			srv, err := embedded.Start(tt.opts)
			if err == nil {
				srv.Shutdown()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Start(%+v) = %v, want an error with %q", tt.opts, err, tt.want)
			}
			if took := clock.Elapsed(); took > 5*time.Second {
				t.Errorf("Start() took %v to fail", took)
			}
		})
	}
}

// certificate makes a certificate for 127.0.0.1 that signs itself, and trusts it.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}
