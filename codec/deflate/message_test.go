package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// contents returns messages that have something in common.
func contents(n int) [][]byte {
	r := rand.New(rand.NewPCG(5, 6))
	var messages [][]byte
	for i := range n {
		var b bytes.Buffer
		for size := r.IntN(3000) * (1 + i%5*4); b.Len() < size; {
			switch r.IntN(10) {
			case 0:
				for range r.IntN(300) {
					b.WriteByte(byte(r.Uint32()))
				}
			default:
				fmt.Fprintf(&b, `{"id":%d,"name":"player%d","position":[%d,%d]},`, i, r.IntN(40), r.IntN(1000), r.IntN(1000))
			}
		}
		messages = append(messages, b.Bytes())
	}
	return messages
}

// settings are those of a Compressor, in all combinations that differ.
func settings(f func(name string, takeover bool, level, bits int)) {
	for _, takeover := range []bool{false, true} {
		for bits := 8; bits <= 15; bits++ {
			levels := []int{0}
			if bits == 15 {
				levels = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
			}
			for _, level := range levels {
				f(fmt.Sprintf("takeover %v, window of %d bits, level %d", takeover, bits, level), takeover, level, bits)
			}
		}
	}
}

// TestPromise12WindowAndTakeoverAreKept inflates what a Compressor makes with exactly the
// window that was agreed on, and what its own Decompressor makes of it.
func TestPromise12WindowAndTakeoverAreKept(t *testing.T) {
	messages := contents(15)
	settings(func(name string, takeover bool, level, bits int) {
		t.Run(name, func(t *testing.T) {
			z := deflate.Compressor{Takeover: takeover, Level: level, WindowBits: bits}
			peer := wstest.Inflater{Window: 1 << bits, NoTakeover: !takeover}
			d := deflate.Decompressor{Takeover: takeover}
			for i, p := range messages {
				var c []byte
				switch smaller := true; i % 3 {
				case 0, 1:
					if c, smaller = z.Append(nil, p); !smaller {
						continue // it goes as it is
					}
				case 2: // as a stream
					for at := 0; ; at += 5000 {
						last := at+5000 >= len(p)
						c = z.AppendFragment(c, p[at:min(at+5000, len(p))], last)
						if last {
							break
						}
					}
				}
				if got, err := peer.Message(c); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("message %d of %d bytes: the reference inflater has %d bytes, %v", i, len(p), len(got), err)
				}
				if _, err := d.Write(c, true); err != nil {
					t.Fatalf("message %d of %d bytes: %v", i, len(p), err)
				}
				if got := d.Message(); !bytes.Equal(got, p) {
					t.Fatalf("message %d of %d bytes: %d other bytes", i, len(p), len(got))
				}
			}
			z.Reset()
			d.Reset()
		})
	})
}

// Connections take each other's engines away and none of them sees.
func TestCompressorsShareEngines(t *testing.T) {
	messages := contents(60)
	const n = 20
	var zs [n]deflate.Compressor
	var peers [n]wstest.Inflater
	for i := range n {
		zs[i] = deflate.Compressor{Takeover: i%3 > 0}
		peers[i] = wstest.Inflater{NoTakeover: i%3 == 0}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for round := range 200 {
		i, p := r.IntN(n), messages[r.IntN(len(messages))]
		if r.IntN(10) == 0 && zs[i].Takeover { // somebody else has compressed it
			var alone deflate.Compressor
			if c, smaller := alone.Append(nil, p); smaller {
				zs[i].Skip(p)
				if got, err := peers[i].Message(c); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("round %d: prepared: %d bytes, %v", round, len(got), err)
				}
			}
			continue
		}
		c, smaller := zs[i].Append([]byte("head"), p)
		if !smaller {
			if string(c) != "head" {
				t.Fatalf("round %d: Append of what does not become smaller returns %d bytes", round, len(c))
			}
			continue
		}
		if got, err := peers[i].Message(c[len("head"):]); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("round %d, connection %d: %d bytes, %v; want %d", round, i, len(got), err, len(p))
		}
	}
	for i := range n {
		zs[i].Reset()
	}
}

func TestBound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	settings(func(name string, takeover bool, level, bits int) {
		z := deflate.Compressor{Takeover: takeover, Level: level, WindowBits: bits}
		for _, n := range []int{0, 1, 20, 100, 1000, 70_000, 300_000} {
			p := make([]byte, n)
			for i := range p {
				p[i] = byte(r.Uint32())
			}
			if c := z.AppendFragment(nil, p, true); len(c) > deflate.Bound(n) {
				t.Errorf("%s: %d random bytes become %d, Bound says %d", name, n, len(c), deflate.Bound(n))
			}
		}
		z.Reset()
	})
}

// TestDecompressorCutAnywhere gives a message in two pieces, by both ways. The
// first payloads are the examples of RFC 7692 §7.2.3.
func TestDecompressorCutAnywhere(t *testing.T) {
	text := string(chatter())
	var z deflate.Compressor
	dynamic := string(z.AppendFragment(nil, []byte(text), true))
	for _, tt := range []struct {
		name, payload, want string
		ok                  bool
	}{
		{"one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello", true},
		{"stored block", "\x00\x05\x00\xfa\xffHello\x00", "Hello", true},
		{"last block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello", true},
		{"last block and no more", "\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello", true},
		{"two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello", true},
		{"empty block", "\x00", "", true},
		{"empty fixed block", "\x02\x00", "", true},
		{"blocks behind the last one", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00", "HelloHello", true},
		{"dynamic block", dynamic, text, true},
		{"nothing", "", "", false},
		{"end of block missing", "\xf2\x48\xcd\xc9\xc9\x07", "", false},
		{"half of a dynamic block", dynamic[:len(dynamic)/2], "", false},
		{"block of no type", "\x06", "", false},
		{"distance to nowhere", "\xf2\x00\x11\x00\x00", "", false},
		{"size and its complement differ", "\x00\x05\x00\xfa\xfeHello\x00", "", false},
		{"tail that was not cut off", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", "", false},
	} {
		for cut := range len(tt.payload) + 1 {
			a, b := []byte(tt.payload[:cut]), []byte(tt.payload[cut:])
			var d deflate.Decompressor
			_, err := d.Write(a, false)
			if err == nil {
				_, err = d.Write(b, true)
			}
			if got := d.Message(); (err == nil) != tt.ok || tt.ok && string(got) != tt.want {
				t.Errorf("%s, Write cut at %d: %q, %v; want %q, %v", tt.name, cut, got, err, tt.want, tt.ok)
			}
			d.Reset()

			if got, err := stream(&d, a, b); (err == nil) != tt.ok || tt.ok && string(got) != tt.want {
				t.Errorf("%s, Feed cut at %d: %q, %v; want %q, %v", tt.name, cut, got, err, tt.want, tt.ok)
			}
			d.Reset()
		}
	}
}

// chatter is text that is worth a dynamic block.
func chatter() []byte {
	var b bytes.Buffer
	for i := range 30 {
		fmt.Fprintf(&b, `{"id":%d,"user":"user%d","x":%d.25},`, i, i*i%97, i*7919%1000)
	}
	return b.Bytes()
}

// stream inflates a message by Feed and Next.
func stream(d *deflate.Decompressor, payload ...[]byte) (got []byte, err error) {
	for i, p := range payload {
		d.Feed(p, i == len(payload)-1)
		for {
			piece, done, err := d.Next()
			if err == codec.ErrShort && i < len(payload)-1 {
				break
			}
			if err != nil {
				return got, err
			}
			got = append(got, piece...)
			if done {
				return got, nil
			}
		}
	}
	return got, codec.ErrShort
}

func TestDecompressorLimit(t *testing.T) {
	for _, n := range []int{1, 100, 1000, 64 << 10, 1 << 20} {
		p := bytes.Repeat([]byte("limit"), n/5+1)[:n]
		var z deflate.Compressor
		c := z.AppendFragment(nil, p, true)
		for _, takeover := range []bool{false, true} {
			for delta := range 3 {
				d := deflate.Decompressor{Takeover: takeover, MaxMessage: uint64(n + 1 - delta)}
				for range 2 { // the second time with a window
					_, err := d.Write(c, true)
					if delta < 2 && (err != nil || !bytes.Equal(d.Message(), p)) || delta == 2 && n > 1 && err != codec.ErrMessageTooBig {
						t.Errorf("%d bytes, limit %d: Write: %v", n, d.MaxMessage, err)
					}
					if err != nil {
						d.Reset()
					}
					got, err := stream(&d, c)
					if delta < 2 && (err != nil || !bytes.Equal(got, p)) || delta == 2 && n > 1 && err != codec.ErrMessageTooBig {
						t.Errorf("%d bytes, limit %d: Next: %d bytes, %v", n, d.MaxMessage, len(got), err)
					}
					if err != nil {
						d.Reset()
					}
				}
				d.Reset()
			}
		}
	}
}

// A peer that agreed on a small window must not refer farther back, within a message
// or to the one before.
func TestPromise12FarDistancesAreRefused(t *testing.T) {
	for bits := 8; bits <= 14; bits++ {
		for _, tt := range []struct {
			distance int
			want     error
		}{{1 << bits, nil}, {1<<bits + 1, codec.ErrDeflate}} {
			d := deflate.Decompressor{Takeover: true, WindowBits: bits}
			if _, err := d.Write(wstest.FarMatch(tt.distance), true); err != tt.want {
				t.Errorf("window of %d bits, distance %d: %v, want %v", bits, tt.distance, err, tt.want)
			}
			d.Reset()
			first := wstest.FarMatch(1 << 15) // not within the window: as a stored block alone
			if _, err := d.Write(append(first[:5+1<<15:5+1<<15], 0), true); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Write(wstest.MatchOnly(tt.distance), true); err != tt.want {
				t.Errorf("window of %d bits, distance %d to the message before: %v, want %v", bits, tt.distance, err, tt.want)
			}
			d.Reset()
		}
	}
}

// Between messages a Decompressor and a Compressor hold a window or nothing.
func TestNothingIsHeld(t *testing.T) {
	if !pool.Poisoned {
		return // nobody counts
	}
	p := bytes.Repeat([]byte("some text, "), 10_000)
	for _, takeover := range []bool{false, true} {
		before := pool.Lent()
		z, d := deflate.Compressor{Takeover: takeover}, deflate.Decompressor{Takeover: takeover}
		c, _ := z.Append(nil, p)
		if _, err := d.Write(c, true); err != nil {
			t.Fatal(err)
		}
		d.Message()
		d.Release()
		windows := 0
		if takeover {
			windows = 2
		}
		if got := pool.Lent() - before; got != windows {
			t.Errorf("takeover %v: %d buffers are held, want %d", takeover, got, windows)
		}
		z.Reset()
		d.Reset()
		if got := pool.Lent() - before; got != 0 {
			t.Errorf("takeover %v: %d buffers are held after Reset, want 0", takeover, got)
		}
	}
}

func BenchmarkCompressor(b *testing.B) {
	p := bytes.Join(contents(40), nil)
	for _, n := range []int{1 << 10, 16 << 10} {
		for _, takeover := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/takeover=%v", n, takeover), func(b *testing.B) {
				z := deflate.Compressor{Takeover: takeover}
				room := make([]byte, 0, 2*n)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					room, _ = z.Append(room[:0], p[:n])
				}
			})
		}
	}
}
