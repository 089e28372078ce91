package bench

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/codec"
)

// The peers that are missing here have no such function that others may call.

func BenchmarkMask(b *testing.B) {
	key := [4]byte{0x37, 0xFA, 0x21, 0x3D}
	for _, n := range []int{16, 125, 1 << 10, 4 << 10, 64 << 10, 1 << 20} {
		p := make([]byte, n)
		b.Run("size="+size(n)+"/peer=ours", func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				codec.Mask(p, key, 0)
			}
		})
		b.Run("size="+size(n)+"/peer=gobwas", func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				ws.Cipher(p, key, 0)
			}
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	for _, n := range []int{125, 4 << 10, 1 << 20} {
		frame := load.NewBatch(load.ASCII, n, 1, 1).Out
		b.Run("size="+size(n)+"/peer=ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := codec.ParseHeader(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("size="+size(n)+"/peer=gobwas", func(b *testing.B) {
			b.ReportAllocs()
			var in bytes.Reader
			buf := make([]byte, ws.MaxHeaderSize)
			for b.Loop() {
				in.Reset(frame)
				if _, err := ws.ReadHeaderBuffer(&in, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUTF8 has unicode/utf8 beside ours and gobwas's, since gws and nbio
// use that.
func BenchmarkUTF8(b *testing.B) {
	const n = 4 << 10
	for _, text := range []struct {
		name string
		p    []byte
	}{
		{"ASCII", load.Payload(load.ASCII, n, 1)},
		{"European", []byte(strings.Repeat("Žluťoučký kůň úpěl ďábelské ódy. ", n)[:n-1])},
		{"CJK", load.Payload(load.CJK, n, 1)},
	} {
		p := bytes.ToValidUTF8(text.p, nil)
		run := func(peer string, valid func(p []byte) bool) {
			b.Run("text="+text.name+"/peer="+peer, func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					if !valid(p) {
						b.Fatal("valid text is refused")
					}
				}
			})
		}
		run("ours", func(p []byte) bool {
			var u codec.UTF8
			return u.Check(p) && u.Complete()
		})
		run("utf8.Valid", utf8.Valid)
		in, buf := bytes.NewReader(nil), make([]byte, n)
		reader := wsutil.NewUTF8Reader(in)
		run("gobwas", func(p []byte) bool {
			in.Reset(p)
			reader.Reset(in)
			m, err := reader.Read(buf)
			return m == len(p) && err == nil && reader.Valid()
		})
	}
}
