package peers_test

import (
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// listen returns a listener that stays open: some peers' accept loops know no
// end.
func listen(t *testing.T) (net.Listener, netip.AddrPort) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln, netip.MustParseAddrPort(ln.Addr().String())
}

// Every peer can do what the scenarios ask for.
func TestPeers(t *testing.T) {
	for _, p := range peers.All {
		t.Run(p.Name, func(t *testing.T) {
			ln, addr := listen(t)
			publish := p.Serve(ln, peers.Settings{CheckUTF8: true, Broadcast: true})
			f, err := load.NewFleet(addr, p.Raw)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Open(3, func(i int) []load.Batch {
				return []load.Batch{
					load.NewBatch(load.ASCII, 125, 32, uint64(i)),
					load.NewBatch(load.Binary, 1<<20, 2, uint64(i)),
					load.NewBatch(load.CJK, 1<<20, 2, uint64(i)),
				}
			}); err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{3 * 32, 3 * 2, 3 * 2} {
				if n, err := f.Exchange(0); n != want || err != nil {
					t.Fatalf("Exchange = %d, %v, want %d", n, err, want)
				}
			}
			m := load.NewRepeated(load.Binary, load.Payload(load.Binary, 512, 1), 1)
			if n, err := f.Receive(m, func() error { publish(m.Payload(0)); return nil }); n != 3 || err != nil {
				t.Fatalf("Receive = %d, %v, want 3", n, err)
			}
			if err := f.Churn(20, load.NewBatch(load.ASCII, 125, 1, 1)); err != nil {
				t.Errorf("Churn: %v", err)
			}
		})
	}
}

// Every peer compresses as its entry says.
func TestPeersDeflate(t *testing.T) {
	for _, p := range peers.All {
		for _, way := range []load.Deflate{load.Alone, load.Takeover} {
			if p.Deflate < way || p.Raw {
				continue
			}
			ln, addr := listen(t)
			p.Serve(ln, peers.Settings{Deflate: way})
			f, err := load.NewFleet(addr, false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.Deflate = way
			if err := f.Open(2, func(i int) []load.Batch {
				return []load.Batch{
					load.NewBatch(load.JSON, 1<<10, 8, uint64(i)).Deflated(),
					load.NewBatch(load.Log, 64<<10, 2, uint64(i)).Deflated(),
				}
			}); err != nil {
				t.Fatalf("%s, %v: %v", p.Name, way, err)
			}
			for _, want := range []int{16, 4, 16, 4} {
				if n, err := f.Exchange(0); n != want || err != nil {
					t.Fatalf("%s, %v: Exchange = %d, %v, want %d", p.Name, way, n, err, want)
				}
			}
			if packed, plain := f.Packed(); plain != 2*2*(8<<10+2*64<<10) || packed > plain/2 {
				t.Errorf("%s, %v: %d bytes came as %d", p.Name, way, plain, packed)
			}
		}
	}
}

// Every peer serves a listener of crypto/tls.
func TestPeersTLS(t *testing.T) {
	certificate, err := load.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	config, err := load.TrustOnly(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers.All {
		t.Run(p.Name, func(t *testing.T) {
			ln, addr := listen(t)
			p.Serve(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate}}), peers.Settings{})
			f, err := load.NewFleet(addr, p.Raw)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.TLS = config
			if err := f.Open(3, func(i int) []load.Batch {
				return []load.Batch{
					load.NewBatch(load.ASCII, 125, 32, uint64(i)),
					load.NewBatch(load.Binary, 1<<20, 2, uint64(i)),
				}
			}); err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{3 * 32, 3 * 2} {
				if n, err := f.Exchange(0); n != want || err != nil {
					t.Fatalf("Exchange = %d, %v, want %d", n, err, want)
				}
			}
		})
	}
}

// invalid is a batch of one message that claims to be text, and is not.
func invalid() load.Batch {
	return load.NewRepeated(load.CJK, []byte("no \xFF text"), 1)
}

// The table says truly who checks UTF-8, and when.
func TestPeersUTF8(t *testing.T) {
	for _, p := range peers.All {
		for _, asked := range []bool{false, true} {
			ln, addr := listen(t)
			p.Serve(ln, peers.Settings{CheckUTF8: asked})
			f, err := load.NewFleet(addr, p.Raw)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Open(1, func(int) []load.Batch { return []load.Batch{invalid()} }); err != nil {
				t.Fatal(err)
			}
			want := p.UTF8 == peers.Always || p.UTF8 == peers.Asked && asked
			if _, err := f.Exchange(0); (err != nil) != want {
				t.Errorf("%s, asked %v: Exchange of invalid text: %v, want an error: %v", p.Name, asked, err, want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	for _, p := range peers.All {
		if got, ok := peers.Find(p.Name); !ok || got.Name != p.Name {
			t.Errorf("Find(%q) = %v, %v", p.Name, got.Name, ok)
		}
	}
	if _, ok := peers.Find("nobody"); ok {
		t.Error("Find(nobody) finds somebody")
	}
	if p, ok := peers.Find(peers.Baseline); !ok || !p.Raw {
		t.Error("the baseline is not plain TCP")
	}
}

// Connections that do not read keep nobody from the messages, with those peers
// that are set up for it.
func TestPeersSlow(t *testing.T) {
	for _, p := range peers.All {
		if !p.Slow {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			ln, addr := listen(t)
			publish := p.Serve(ln, peers.Settings{Broadcast: true, Slow: true})
			f, err := load.NewFleet(addr, false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.Deaf = 5
			if err := f.Open(10, func(i int) []load.Batch { return []load.Batch{load.NewBatch(load.ASCII, 125, 1, uint64(i))} }); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Exchange(0); err != nil {
				t.Fatal(err)
			}
			if err := f.Deafen(); err != nil || f.Len() != 8 {
				t.Fatalf("Deafen = %v, and %d connections are left, want 8", err, f.Len())
			}
			m := load.NewRepeated(load.Binary, load.Payload(load.Binary, 4<<10, 1), 1)
			for i := range 500 { // 2 MB for each, of which no more than 200 KB have room
				if n, err := f.Receive(m, func() error { publish(m.Payload(0)); return nil }); n != 8 || err != nil {
					t.Fatalf("message %d: Receive = %d, %v, want 8", i, n, err)
				}
			}
		})
	}
}
