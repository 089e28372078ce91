package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// pairs returns both ends of a connection of each kind.
var pairs = map[string]func(t *testing.T) (ours, peer net.Conn){
	"TCP":  func(t *testing.T) (_, _ net.Conn) { return accepted(t, "tcp", "127.0.0.1:0") },
	"Unix": func(t *testing.T) (_, _ net.Conn) { return accepted(t, "unix", filepath.Join(t.TempDir(), "s")) },
	"TLS": func(t *testing.T) (_, _ net.Conn) {
		hs := httptest.NewUnstartedServer(nil)
		hs.StartTLS()
		t.Cleanup(hs.Close)
		ours, peer := accepted(t, "tcp", "127.0.0.1:0")
		server, client := tls.Server(ours, hs.TLS), tls.Client(peer, &tls.Config{InsecureSkipVerify: true})
		shaken := make(chan error, 1)
		go func() { shaken <- client.Handshake() }()
		if err := errors.Join(server.Handshake(), <-shaken); err != nil {
			t.Fatal(err)
		}
		return server, client
	},
	"pipe": func(t *testing.T) (_, _ net.Conn) { return net.Pipe() },
}

// accepted returns both ends of a connection through a listener.
func accepted(t *testing.T, network, addr string) (ours, peer net.Conn) {
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialed := make(chan error, 1)
	go func() {
		peer, err = net.Dial(network, ln.Addr().String())
		dialed <- err
	}()
	ours, accepting := ln.Accept()
	if err := errors.Join(accepting, <-dialed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); peer.Close() })
	return ours, peer
}

func onEach(t *testing.T, f func(t *testing.T, tr *Transport, peer net.Conn)) {
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			ours, peer := pair(t)
			var tr Transport
			tr.Init(ours)
			f(t, &tr, peer)
			ours.Close()
			peer.Close()
		})
	}
}

// TestSendAndReceive moves more than any buffer holds, in both directions.
func TestSendAndReceive(t *testing.T) {
	onEach(t, func(t *testing.T, tr *Transport, peer net.Conn) {
		var want []byte
		for i := range 3 << 20 {
			want = append(want, byte(i*i>>8))
		}
		got := make(chan []byte)
		go func() {
			b := make([]byte, len(want))
			io.ReadFull(peer, b)
			got <- b
		}()
		rest := net.Buffers{want[:10], want[10 : 1<<20], want[1<<20:]}
		if err := tr.Send(&rest); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(<-got, want) {
			t.Error("the peer received other bytes than were sent")
		}

		go peer.Write(want)
		var d codec.Decoder
		defer d.Reset()
		var received []byte
		for len(received) < len(want) {
			before := d.Buffered()
			n, err := tr.Receive(&d, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.Buffered()-before != n {
				t.Fatalf("Receive() = %d, the decoder holds %d more", n, d.Buffered()-before)
			}
			received = append(received, make([]byte, n)...)
			d.Reset()
			if len(received) > 1<<20 && len(received) < 2<<20 { // into a buffer of the caller's
				p := make([]byte, 100)
				if n, err = tr.Receive(&d, p); err != nil || n == 0 || n > len(p) || d.Buffered() != 0 {
					t.Fatalf("Receive() into a buffer = %d, %v", n, err)
				}
				received = append(received, p[:n]...)
			}
		}
		if len(received) != len(want) {
			t.Errorf("%d bytes received, want %d", len(received), len(want))
		}
	})
}

// TestTrySendReturns never blocks, and leaves what the peer has no room for.
func TestTrySendReturns(t *testing.T) {
	onEach(t, func(t *testing.T, tr *Transport, peer net.Conn) {
		const size = 16 << 20
		rest := net.Buffers{make([]byte, size/2), make([]byte, size/2)}
		tried := make(chan error, 1)
		go func() { tried <- tr.TrySend(&rest, true) }()
		select {
		case err := <-tried:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("TrySend() to a peer that does not read waits")
		}
		left := 0
		for _, b := range rest {
			left += len(b)
		}
		if left == 0 {
			t.Fatal("TrySend() to a peer that does not read sent everything")
		}
		sent := make(chan error, 1)
		go func() { sent <- tr.Send(&rest) }()
		if n, err := io.ReadFull(peer, make([]byte, size)); err != nil {
			t.Errorf("the peer received %d bytes, and then %v", n, err)
		}
		if err := <-sent; err != nil {
			t.Errorf("Send() of the rest = %v", err)
		}
	})
}

// TestProgress looks at a send to a peer that reads now and then.
func TestProgress(t *testing.T) {
	onEach(t, func(t *testing.T, tr *Transport, peer net.Conn) {
		const size = 16 << 20
		sent := make(chan error, 1)
		go func() {
			rest := net.Buffers{make([]byte, size)}
			sent <- tr.Send(&rest)
		}()
		settled := func(some bool) (held int, known bool) { // some: after the send has begun
			for range 200 {
				before, _ := tr.Held()
				time.Sleep(20 * time.Millisecond)
				if held, known = tr.Held(); held == before && (held > 0 || !known || !some) {
					break
				}
			}
			return held, known
		}
		held, known := settled(true)
		if _, ok := peer.(*net.TCPConn); ok && runtime.GOOS == "linux" && tr.Raw() && (!known || held == 0) {
			t.Errorf("Held() = %d, %t while the peer reads nothing", held, known)
		}
		if known && !tr.Raw() && !tr.MayBlock(size) {
			t.Errorf("MayBlock(%d) = false, with %d bytes held", size, held)
		}
		took := tr.TookAt()
		acknowledged, tells := tr.Acknowledged()
		if _, err := io.ReadFull(peer, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		settled(false)
		if now, _ := tr.Acknowledged(); tr.TookAt() == took && (!tells || now == acknowledged) {
			t.Error("neither TookAt nor Acknowledged tells that the peer has read everything")
		}
	})
}

// TestPeerGone finds a peer that has closed its end, behind input that is not read.
func TestPeerGone(t *testing.T) {
	onEach(t, func(t *testing.T, tr *Transport, peer net.Conn) {
		if socketOf(tr.Conn()) == nil {
			if tr.PeerGone() {
				t.Error("PeerGone() of a connection that cannot tell")
			}
			return
		}
		if _, err := peer.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		if tr.PeerGone() {
			t.Error("PeerGone() of a peer that is there")
		}
		peer.Close()
		for range 1000 {
			if tr.PeerGone() {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("PeerGone() = false ten seconds after the peer has closed")
	})
}

// plain hides all methods but those of net.Conn; layered tells what is below.
type (
	plain   struct{ net.Conn }
	layered struct {
		net.Conn
		below net.Conn
	}
)

func (l layered) NetConn() net.Conn { return l.below }

// TestCloseWriteLooksThroughLayers closes one side through wrappers.
func TestCloseWriteLooksThroughLayers(t *testing.T) {
	for _, tt := range []struct {
		name string
		wrap func(nc net.Conn) net.Conn
		want bool
	}{
		{"a socket", func(nc net.Conn) net.Conn { return nc }, true},
		{"a layer", func(nc net.Conn) net.Conn { return layered{plain{nc}, nc} }, true},
		{"two layers", func(nc net.Conn) net.Conn { return layered{plain{nc}, layered{plain{nc}, nc}} }, true},
		{"a wrapper that tells nothing", func(nc net.Conn) net.Conn { return plain{nc} }, false},
		{"two layers that cannot be compared", func(nc net.Conn) net.Conn { return uncomparable{uncomparable{nc, nil}, nil} }, true},
		{"a layer over itself", func(nc net.Conn) net.Conn { return itself{plain{nc}} }, false},
		{"a layer over one", func(nc net.Conn) net.Conn { return layered{plain{nc}, plain{nc}} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours, peer := accepted(t, "tcp", "127.0.0.1:0")
			if got := CloseWrite(tt.wrap(ours)); got != tt.want {
				t.Fatalf("CloseWrite() = %t, want %t", got, tt.want)
			}
			wait := 50 * time.Millisecond // for what must not come
			if tt.want {
				wait = 30 * time.Second
			}
			peer.SetReadDeadline(time.Now().Add(wait))
			if _, err := peer.Read(make([]byte, 1)); (err == io.EOF) != tt.want {
				t.Errorf("the peer reads %v", err)
			}
			if _, err := peer.Write([]byte("x")); err != nil {
				t.Errorf("the other direction: %v", err)
			}
		})
	}
}

// TestSendNow sends what goes at once on a connection that is closed next.
func TestSendNow(t *testing.T) {
	onEach(t, func(t *testing.T, tr *Transport, peer net.Conn) {
		got := make(chan string, 1)
		go func() {
			b := make([]byte, 5)
			io.ReadFull(peer, b)
			got <- string(b)
		}()
		time.Sleep(10 * time.Millisecond) // a net.Pipe takes nothing before
		tr.SendNow(&net.Buffers{[]byte("la"), []byte("st!")})
		tr.Close()
		p := strings.TrimRight(<-got, "\x00")
		if p != "last!" && !(socketOf(tr.Conn()) == nil && strings.HasPrefix("last!", p)) { // in memory the reader may be late
			t.Errorf("the peer received %q", p)
		}
	})
}

// uncomparable is a layer by value with a field that cannot be compared.
type uncomparable struct {
	net.Conn
	_ []byte
}

func (u uncomparable) NetConn() net.Conn { return u.Conn }

// itself is a layer that returns itself.
type itself struct{ plain }

func (i itself) NetConn() net.Conn { return i }

func TestInnermostLooksThroughLayers(t *testing.T) {
	nc := &net.TCPConn{}
	for _, outer := range []net.Conn{nc, layered{plain{nc}, nc}, uncomparable{uncomparable{nc, nil}, nil}} {
		if innermost(outer) != net.Conn(nc) {
			t.Errorf("innermost(%T) = %T", outer, innermost(outer))
		}
	}
	if _, ok := innermost(itself{plain{nc}}).(itself); !ok {
		t.Error("innermost of a layer over itself is something else")
	}
}
