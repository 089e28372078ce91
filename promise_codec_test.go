package websocket_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// TestPromise01HeaderClaimAllocatesNothing: a header that claims more than the limit, up
// to 2^63-1 bytes, is refused with 1009 when its last byte is there, and that costs no
// allocation.
func TestPromise01HeaderClaimAllocatesNothing(t *testing.T) {
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		for _, tt := range []struct {
			name  string
			begin *wstest.Frame // a message that has begun before
			frame wstest.Frame
		}{
			{"a message", nil, wstest.Frame{Fin: true, Opcode: codec.OpBinary}},
			{"a text", nil, wstest.Frame{Fin: true, Opcode: codec.OpText}},
			{"a fragment", nil, wstest.Frame{Opcode: codec.OpText}},
			{"a continuation", &wstest.Frame{Opcode: codec.OpText, Payload: []byte("x")}, wstest.Frame{Fin: true}},
			{"a compressed message", nil, wstest.Frame{Fin: true, Opcode: codec.OpBinary, RSV: codec.RSV1}},
		} {
			for _, claim := range []int64{1<<20 + 1, 1 << 31, 1 << 32, 1<<63 - 1} {
				wire := func(f wstest.Frame) []byte {
					if role == codec.Server {
						return f.AppendMasked(nil, wstest.RFCKey)
					}
					return f.Append(nil)
				}
				tt.frame.Lie = claim
				header := wire(tt.frame)
				d := codec.Decoder{Role: role, RSV: codec.RSV1, MaxMessage: 1 << 20, MaxExtended: 1 << 20}
				d.Space(2000) // so that no further room is needed
				if tt.begin != nil {
					first := wire(*tt.begin)
					d.Commit(copy(d.Space(len(first)), first))
					if _, err := d.Next(); err != nil {
						t.Fatal(err)
					}
				}
				var early, err error
				allocs := testing.AllocsPerRun(100, func() {
					e := d // with its buffer
					last := len(header) - 1
					e.Commit(copy(e.Space(last), header[:last]))
					_, early = e.Next()
					e.Commit(copy(e.Space(1), header[last:]))
					_, err = e.Next()
				})
				if allocs != 0 || early != codec.ErrShort || err != codec.ErrMessageTooBig {
					t.Errorf("%s that claims %d bytes, to a %v: %v allocations, %v, at the last byte of the header %v; want none, and ErrMessageTooBig then",
						tt.name, claim, role, allocs, early, err)
				}
				d.Reset()
			}
		}
	}
	if code := codec.ErrMessageTooBig.StatusCode(); code != 1009 {
		t.Errorf("ErrMessageTooBig stands for %d, want 1009", code)
	}
}

// TestPromise02NoBytesPanicLoopOrAllocate gives everything that parses what the peer
// sends the conformance suite's bytes, spoilt: it does not panic, comes to an end, and
// takes no more memory than its limit, a third of it, and 64 KiB. What is not found in
// these seconds the fuzz targets look for: fuzz/README.md.
func TestPromise02NoBytesPanicLoopOrAllocate(t *testing.T) {
	const limit = 1 << 16
	var seeds [][]byte
	for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7") {
		if b := c.Bytes(true); len(b) < 3000 {
			seeds = append(seeds, b, c.Bytes(false))
		}
	}
	for _, v := range wstest.DeflateVectors {
		var wire []byte
		for _, f := range v.Frames {
			seeds = append(seeds, f.Payload)
			wire = f.AppendMasked(wire, wstest.RFCKey)
		}
		seeds = append(seeds, wire)
	}
	seeds = append(seeds, wstest.Bomb(1<<24), wstest.EmptyBlocks(1000), wstest.EmptyFixedBlocks(1000), chromeRequest,
		[]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
		[]byte(`permessage-deflate; server_max_window_bits="10", foo; bar=baz`))
	rounds := 4000
	if raceEnabled || testing.Short() {
		rounds = 400
	}
	r := rand.New(rand.NewPCG(2, 3))
	for i := range rounds {
		input := spoil(r, seeds[i%len(seeds)])
		sizes := []int{1 + r.IntN(len(input)+1), 1 + r.IntN(100)}
		for name, parse := range parsers(limit) {
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Fatalf("%s panics in pieces of %d: %v\n% x", name, sizes, p, input)
					}
				}()
				steps := 0
				got := allocated(func() { steps = parse(input, sizes) })
				if most := len(input) + limit + 10; steps > most {
					t.Fatalf("%s takes %d steps for %d bytes\n% x", name, steps, len(input), input)
				}
				if most := uint64(limit + limit/3 + 64<<10); got > most && !pool.Poisoned {
					t.Fatalf("%s allocates %d bytes, want at most %d, in pieces of %d\n% x", name, got, most, sizes, input)
				}
			}()
		}
	}
}

// parsers are what gets bytes of the peer's. They return how many steps they took, and
// stop themselves when these are too many.
func parsers(limit int) map[string]func(input []byte, sizes []int) int {
	count := func(max int, step func() bool) (n int) {
		for n = 1; step() && n <= max; n++ {
		}
		return n
	}
	frames := func(d codec.Decoder) func([]byte, []int) int {
		return func(input []byte, sizes []int) (n int) {
			defer d.Reset()
			for piece := range wstest.Pieces(input, sizes...) {
				d.Commit(copy(d.Space(len(piece)), piece))
				n += count(len(piece)+limit, func() bool { _, err := d.Next(); return err == nil })
			}
			return n / 2 // each piece has one for itself
		}
	}
	return map[string]func(input []byte, sizes []int) int{
		"Decoder of a server": frames(codec.Decoder{MaxMessage: uint64(limit)}),
		"Decoder of a client": frames(codec.Decoder{Role: codec.Client, RSV: codec.RSV1, MaxMessage: uint64(limit), MaxExtended: uint64(limit)}),
		"Decoder.Message": func(input []byte, _ []int) int {
			d := codec.Decoder{MaxMessage: uint64(limit)}
			defer d.Reset()
			d.Commit(copy(d.Space(len(input)), input))
			return count(len(input)+limit, func() bool { _, _, ok := d.Message(); return ok })
		},
		"Decompressor.Write": func(input []byte, sizes []int) (n int) {
			d := deflate.Decompressor{Takeover: true, MaxMessage: uint64(limit)}
			defer d.Reset()
			for piece := range wstest.Pieces(input, sizes...) {
				if _, err := d.Write(piece, false); err != nil {
					return 1
				}
			}
			d.Write(nil, true)
			return 1
		},
		"Decompressor.Next": func(input []byte, sizes []int) int {
			d := deflate.Decompressor{MaxMessage: uint64(limit)}
			defer d.Reset()
			d.Feed(input, true)
			return count(len(input)+limit, func() bool { _, done, err := d.Next(); return err == nil && !done })
		},
		"Request": func(input []byte, sizes []int) int {
			var r codec.Request
			r.Parse(input[:min(sizes[0], len(input))])
			if _, err := r.Parse(input); err == nil {
				r.Check()
			}
			return 1
		},
		"Response": func(input []byte, sizes []int) int {
			var r codec.Response
			r.Parse(input[:min(sizes[0], len(input))])
			if _, err := r.Parse(input); err == nil {
				r.Check([24]byte{}, nil, true)
			}
			return 1
		},
		"Policy.Accept": func(input []byte, _ []int) int {
			deflate.Policy{Takeover: true}.Accept(slices.Values([][]byte{input}))
			deflate.Policy{}.Agreed(slices.Values([][]byte{input}))
			return 1
		},
		"ParseClose": func(input []byte, _ []int) int { codec.ParseClose(input); return 1 },
	}
}

// spoil returns a copy of b with some octets changed, lost, repeated or put in.
func spoil(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range r.IntN(6) {
		at := r.IntN(len(b) + 1)
		switch r.IntN(5) {
		case 0:
			b = slices.Insert(b, at, []byte{0x7E, 0x7F, 0xFE, 0xFF, 0x00, 0x80}[r.IntN(6)])
		case 1:
			b = slices.Delete(b, at, min(at+1+r.IntN(20), len(b)))
		case 2:
			b = slices.Insert(b, at, b[at:min(at+r.IntN(50), len(b))]...)
		default:
			if at < len(b) {
				b[at] = byte(r.Uint32())
			}
		}
	}
	return b
}

// TestPromise03CutsChangeNothing: what comes of the bytes of a session does not depend on
// how they are cut. Each case is cut at every place, and at every two if it is short.
func TestPromise03CutsChangeNothing(t *testing.T) {
	for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7") {
		for _, masked := range []bool{true, false} {
			stream := c.Bytes(masked)
			if len(stream) > 1000 || raceEnabled && len(stream) > 100 {
				continue
			}
			whole, wholeErr := framesOf(reader(masked), stream)
			for cut := range stream {
				sizes := [][]int{{cut + 1, len(stream)}}
				if len(stream) < 40 {
					for second := range len(stream) - cut {
						sizes = append(sizes, []int{cut + 1, second + 1, len(stream)})
					}
				}
				for _, sizes := range sizes {
					if got, err := framesOf(reader(masked), stream, sizes...); err != wholeErr || !slices.Equal(got, whole) {
						t.Fatalf("case %s (masked: %v) in pieces of %d: %q, %v\nwhole: %q, %v", c.ID, masked, sizes, got, err, whole, wholeErr)
					}
				}
			}
		}
	}
	heads := map[string][]byte{"a browser's": chromeRequest}
	for _, tt := range requestCases {
		heads[tt.name] = bytes.ReplaceAll([]byte(tt.request), []byte("\n"), []byte("\r\n"))
	}
	for name, head := range heads {
		var whole codec.Request
		n, err := whole.Parse(head)
		for cut := range head {
			var r codec.Request
			got, gotErr := r.Parse(head[:cut])
			if gotErr == codec.ErrShort {
				got, gotErr = r.Parse(head)
			}
			if got != n || gotErr != err || err == nil && (r.Check() != whole.Check() || string(r.Key()) != string(whole.Key())) {
				t.Fatalf("the request %s cut at %d: %d, %v\nwhole: %d, %v", name, cut, got, gotErr, n, err)
			}
		}
	}
}

// framesOf describes the frames in stream, delivered in pieces of the sizes given.
func framesOf(role codec.Role, stream []byte, sizes ...int) (frames []string, err error) {
	d := codec.Decoder{Role: role, MaxMessage: 1 << 20}
	defer d.Reset()
	whole, err := decodeAll(&d, stream, sizes...)
	for _, f := range whole {
		frames = append(frames, fmt.Sprintf("%+v %v %x", f.Header, f.Message, f.Payload))
	}
	return frames, err
}
