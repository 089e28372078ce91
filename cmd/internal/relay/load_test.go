package relay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
)

// echoServer serves a WebSocket echo on ln.
func echoServer(t *testing.T, ln net.Listener) {
	t.Helper()
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
}

// TestManyConnections passes many connections on at once, and shows and records all
// of them. The recording is then read, and has every message.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	const connections, messages = 25, 20
	ln := listen(t)
	echoServer(t, ln)
	file := filepath.Join(t.TempDir(), "recording")
	r, addr := serveProxy(t, "ws://"+ln.Addr().String(), func(p *proxy) {
		var err error
		if p.recorder, err = recording.Create(file, p.to.String()); err != nil {
			t.Fatal(err)
		}
		p.printer = &trace.Printer{W: io.Discard}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			c, err := websocket.Dial(ctx, "ws://"+addr, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.CloseNow()
			for j := range messages {
				message := bytes.Repeat([]byte{byte('a' + i%26)}, 1+j*j*20)
				if err := c.Write(ctx, websocket.OpText, message); err != nil {
					t.Error(err)
					return
				}
				if _, p, err := c.Read(ctx); err != nil || !bytes.Equal(p, message) {
					t.Errorf("connection %d, message %d: %d bytes, %v, want the %d that were sent", i, j, len(p), err, len(message))
					return
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r.stop()
	err := <-r.stopped
	r.stopped <- nil
	if err != nil {
		t.Fatal(err)
	}
	if err := r.proxy.recorder.Close(); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Connections) != connections {
		t.Fatalf("%d connections were recorded, want %d", len(rec.Connections), connections)
	}
	for _, c := range rec.Connections {
		if a := recordedAnswers(c); len(a.all) != messages+1 || !a.closes() {
			t.Errorf("connection %d: %d answers were recorded, want %d and a Close frame", c.Number, len(a.all), messages)
		}
	}
}

// certificate makes a certificate for 127.0.0.1 that nobody trusts, and returns the
// files it is in.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		name = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return write("cert.pem", "CERTIFICATE", certDER), write("key.pem", "PRIVATE KEY", keyDER)
}

// TestTLSAtBothEnds passes wss on to wss.
func TestTLSAtBothEnds(t *testing.T) {
	cert, key := certificate(t)
	command := ProxyCommand{Listen: "127.0.0.1:0", Certificate: reach.Certificate{TLSCert: cert, TLSKey: key}}
	serverListener, err := command.Certificate.Listen(command.Listen)
	if err != nil {
		t.Fatal(err)
	}
	echoServer(t, serverListener)
	to := "wss://" + serverListener.Addr().String()

	for _, insecure := range []bool{true, false} {
		t.Run(fmt.Sprintf("insecure=%v", insecure), func(t *testing.T) {
			ln, err := command.Certificate.Listen(command.Listen)
			if err != nil {
				t.Fatal(err)
			}
			up, err := newUpstream(to, &reach.Flags{Insecure: insecure})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			served := make(chan error)
			go func() { served <- (&proxy{to: up, Quiet: reach.Quiet{Quiet: true}}).serve(ctx, ln) }()
			defer func() {
				cancel()
				<-served
			}()
			c, err := websocket.Dial(ctx, "wss://"+ln.Addr().String(), &websocket.DialOptions{TLSConfig: &tls.Config{InsecureSkipVerify: true}})
			if !insecure {
				refused, ok := err.(*websocket.HandshakeError)
				if !ok || refused.Status != 502 || !bytes.Contains(refused.Body, []byte("--insecure connects nevertheless")) {
					t.Fatalf("Dial: %v, want 502 because of the certificate", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Write(ctx, websocket.OpText, []byte("Hello")); err != nil {
				t.Fatal(err)
			}
			if _, p, err := c.Read(ctx); err != nil || string(p) != "Hello" {
				t.Fatalf("Read: %q, %v, want Hello", p, err)
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Fatal(err)
			}
		})
	}
}
