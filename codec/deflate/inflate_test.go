package deflate

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	kflate "github.com/klauspost/compress/flate"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// samples are contents of many kinds, by name.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 70_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 100_000) // codes of every length
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 12)
	}
	var json bytes.Buffer
	for i := range 900 {
		fmt.Fprintf(&json, `{"id":%d,"user":"user%d","x":%.3f,"tags":["a%d","b"]},`, i, r.IntN(500), r.Float64()*1000, r.IntN(20))
	}
	return map[string][]byte{
		"empty":    {},
		"byte":     {'x'},
		"run":      bytes.Repeat([]byte{'a'}, 100_000),
		"pairs":    bytes.Repeat([]byte("ab"), 40_000),
		"sevens":   bytes.Repeat([]byte("abcdefg"), 9_000),
		"far":      bytes.Repeat(random[:32_768], 3),
		"random":   random,
		"skewed":   skewed,
		"json":     json.Bytes(),
		"json 1 K": json.Bytes()[:1024],
	}
}

// compressed returns p as raw DEFLATE in the ways of other encoders.
func compressed(t testing.TB, p []byte) map[string][]byte {
	m := map[string][]byte{}
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression} {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(p[:len(p)/2])
		w.Flush()
		w.Write(p[len(p)/2:])
		w.Close()
		m[fmt.Sprintf("compress/flate level %d", level)] = b.Bytes()
	}
	for _, level := range []int{1, 5, 9} {
		var b bytes.Buffer
		w, err := kflate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(p)
		w.Close()
		m[fmt.Sprintf("klauspost level %d", level)] = b.Bytes()
	}
	return m
}

// TestInflate inflates what other encoders made, cut in pieces of every kind, with
// room that comes in pieces too.
func TestInflate(t *testing.T) {
	for name, p := range samples() {
		for how, c := range compressed(t, p) {
			for _, piece := range []int{1, 300, len(c)} {
				for _, room := range []int{1, 258, len(p) + 300} {
					if piece*room < len(p) {
						continue // slow, and nothing that the others do not do
					}
					d := inflater{reach: maxWindow}
					out := make([]byte, len(p))
					at, err := inflateInPieces(&d, out, c, piece, room)
					if err != codec.ErrShort || !d.ended || !d.whole() || at != len(p) || !bytes.Equal(out, p) {
						t.Errorf("%s by %s, in pieces of %d with room of %d: %d bytes, %v; ended %v; want %d bytes", name, how, piece, room, at, err, d.ended, len(p))
					}
				}
			}
		}
	}
}

func inflateInPieces(d *inflater, out, c []byte, piece, room int) (at int, err error) {
	limit := min(room, len(out))
	for len(c) > 0 {
		n := min(piece, len(c))
		read := 0
		for {
			var k int
			at, k, err = d.run(out[:limit], at, c[read:n])
			read += k
			if err == errFull && limit < len(out) {
				limit = min(limit+room, len(out))
				continue
			}
			break
		}
		if err != codec.ErrShort || read != n {
			return at, err
		}
		c = c[n:]
	}
	return at, err
}

// TestInflateLikeTheStandardLibrary gives both the same bytes, right and spoilt.
func TestInflateLikeTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]byte, 1<<20+300)
	for name, p := range samples() {
		p = p[:min(len(p), 3000)]
		for how, c := range compressed(t, p) {
			for range 20 {
				c := bytes.Clone(c)
				for range 1 + r.IntN(3) {
					c[r.IntN(min(len(c), 1+r.IntN(len(c))))] ^= 1 << r.IntN(8)
				}
				std := flate.NewReader(bytes.NewReader(c))
				want, stdErr := io.ReadAll(io.LimitReader(std, 1<<20))
				if len(want) == 1<<20 {
					continue
				}
				d := inflater{reach: maxWindow}
				at, read, err := d.run(out, 0, c)
				if stdErr == nil {
					// The standard library stops behind the last block.
					if at < len(want) || !bytes.Equal(out[:len(want)], want) {
						t.Fatalf("%s by %s spoilt to %x: %d bytes, %v; want %d", name, how, c, at, err, len(want))
					}
					continue
				}
				_, corrupt := stdErr.(flate.CorruptInputError)
				if corrupt != (err == codec.ErrDeflate) || !corrupt && (err != codec.ErrShort || read != len(c)) {
					t.Fatalf("%s by %s spoilt to %x: %v after %d of %d; want %v", name, how, c, err, read, len(c), stdErr)
				}
			}
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	json := samples()["json"]
	for _, n := range []int{1 << 10, 16 << 10} {
		p := json[:n]
		c := compressed(b, p)["klauspost level 1"]
		out := make([]byte, n+300)
		b.Run(fmt.Sprintf("ours/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			d := inflater{reach: maxWindow}
			for b.Loop() {
				d.reset(maxWindow)
				if at, _, _ := d.run(out, 0, c); at != n {
					b.Fatal(at)
				}
			}
		})
		for name, r := range map[string]io.ReadCloser{"klauspost": kflate.NewReader(nil), "std": flate.NewReader(nil)} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				var in bytes.Reader
				for b.Loop() {
					in.Reset(c)
					r.(flate.Resetter).Reset(&in, nil)
					if _, err := io.ReadFull(r, out[:n]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestUnusedCodeLength has the lengths of a block's codes written in a code of which
// only one half means something, and then the other half.
func TestUnusedCodeLength(t *testing.T) {
	var block uint64
	var n uint
	put := func(v uint64, bits uint) { block |= v << n; n += bits }
	put(0, 1) // not the last one
	put(2, 2) // dynamic
	put(0, 5) // 257 literals
	put(0, 5) // 1 distance
	put(0, 4) // 4 lengths of code lengths: of 16, 17, 18 and 0
	put(0, 6)
	put(1, 3) // 18 has the only code, which is 0
	put(0, 3)
	put(1, 1) // and this is 1
	src := binary.LittleEndian.AppendUint64(nil, block)
	for cut := range len(src) {
		var d inflater
		d.reset(maxWindow)
		_, _, err := d.run(make([]byte, 10), 0, src[:cut])
		if err == codec.ErrShort {
			_, _, err = d.run(make([]byte, 10), 0, src[cut:])
		}
		if err != codec.ErrDeflate {
			t.Errorf("cut at %d: %v, want ErrDeflate", cut, err)
		}
	}
}

// TestGrowAtTheLimit has messages of exactly the limit, and of one byte more, behind
// windows of every kind, so that what lies before a message is left at every place.
func TestGrowAtTheLimit(t *testing.T) {
	for _, bits := range []int{8, 9, 12, 15} {
		reach := 1 << bits
		for _, before := range []int{0, 1, 100, reach - 1, reach, 2 * reach} {
			for _, limit := range []int{1, 100, 512, 600, 1024, 8192, 32_768, 65_536, 100_000} {
				for name, message := range map[string]func(n int) []byte{
					"a run":        wstest.Bomb,
					"stored bytes": func(n int) []byte { return new(wstest.Deflater).Message(wstest.PDF.Message(1, n)) },
				} {
					d := Decompressor{Takeover: true, WindowBits: bits, MaxMessage: uint64(limit)}
					if before > 0 {
						d.window.set(make([]byte, min(before, reach)))
					}
					exact, tooBig := message(limit), message(limit+1)
					for piece := range slices.Chunk(exact, 1000) {
						if _, err := d.Write(piece, false); err != nil {
							t.Fatalf("%s, window of %d in %d bits, at the limit of %d: %v", name, before, bits, limit, err)
						}
					}
					if _, err := d.Write(nil, true); err != nil || len(d.Message()) != limit {
						t.Fatalf("%s, window of %d in %d bits, at the limit of %d: %v", name, before, bits, limit, err)
					}
					if _, err := d.Write(tooBig, true); err != codec.ErrMessageTooBig {
						t.Fatalf("%s, window of %d in %d bits, above the limit of %d: %v", name, before, bits, limit, err)
					}
					if got, most := cap(d.out.B), 2*max(limit, reach+maxLength, 512); got > most {
						t.Fatalf("%s, window of %d in %d bits, the limit of %d: room for %d, want at most %d", name, before, bits, limit, got, most)
					}
					d.Reset()
				}
			}
		}
	}
}
