package websocket_test

import (
	"fmt"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// go test -run '^$' -bench BenchmarkCodec -benchmem -count 10 . | benchstat -

func BenchmarkCodecParseHeader(b *testing.B) {
	for _, bb := range headerForms {
		b.Run(bb.name, func(b *testing.B) {
			wire := codec.AppendHeader(nil, bb.h)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := codec.ParseHeader(wire); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCodecAppendHeader(b *testing.B) {
	for _, bb := range headerForms {
		b.Run(bb.name, func(b *testing.B) {
			dst := make([]byte, 0, codec.MaxHeaderSize)
			b.ReportAllocs()
			for b.Loop() {
				codec.AppendHeader(dst, bb.h)
			}
		})
	}
}

// headerForms are the six forms of a header.
var headerForms = []struct {
	name string
	h    codec.Header
}{
	{"form=7bit", codec.Header{Fin: true, Opcode: codec.OpText, Length: 125}},
	{"form=16bit", codec.Header{Fin: true, Opcode: codec.OpText, Length: 65535}},
	{"form=64bit", codec.Header{Fin: true, Opcode: codec.OpText, Length: 65536}},
	{"form=7bit,masked", codec.Header{Fin: true, Opcode: codec.OpText, Length: 125, Masked: true, Key: wstest.RFCKey}},
	{"form=16bit,masked", codec.Header{Fin: true, Opcode: codec.OpText, Length: 65535, Masked: true, Key: wstest.RFCKey}},
	{"form=64bit,masked", codec.Header{Fin: true, Opcode: codec.OpText, Length: 65536, Masked: true, Key: wstest.RFCKey}},
}

func BenchmarkCodecMask(b *testing.B) {
	for _, size := range []int{16, 64, 125, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20} {
		benchmarkMask(b, fmt.Sprintf("size=%d", size), size, 0)
	}
	for offset := range 8 {
		benchmarkMask(b, fmt.Sprintf("size=1024,offset=%d", offset), 1<<10, offset)
	}
}

func benchmarkMask(b *testing.B, name string, size, offset int) {
	b.Run(name, func(b *testing.B) {
		payload := make([]byte, size+offset)[offset:]
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			codec.Mask(payload, wstest.RFCKey, offset)
		}
	})
}

func BenchmarkCodecUTF8(b *testing.B) {
	for _, bb := range []struct{ name, pattern string }{
		{"text=ASCII", "The quick brown fox jumps over the lazy dog. "},
		{"text=European", "Größe, façade, mañana, Łódź, žluťoučký kůň. "},
		{"text=CJK", "気持ちのいい朝です。你好，世界。안녕하세요. "},
	} {
		for _, size := range []int{125, 4 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%s,size=%d", bb.name, size), func(b *testing.B) {
				text := make([]byte, 0, size+len(bb.pattern))
				for len(text) < size {
					text = append(text, bb.pattern...)
				}
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					var u codec.UTF8
					if !u.Check(text) || !u.Complete() {
						b.Fatal("the text is not UTF-8")
					}
				}
			})
		}
	}
}

func BenchmarkCodecClose(b *testing.B) {
	payload, err := codec.AppendClose(nil, codec.StatusGoingAway, "the server restarts")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := codec.ParseClose(payload); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		dst := make([]byte, 0, codec.MaxControlPayload)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.AppendClose(dst, codec.StatusGoingAway, "the server restarts"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A Decoder as a connection drives it: room, bytes, frames, and the buffer back.
func BenchmarkCodecDecode(b *testing.B) {
	for _, bb := range []struct {
		name   string
		op     codec.Opcode
		size   int
		frames int
	}{
		{"text,size=125,batch=1", codec.OpText, 125, 1},
		{"text,size=125,batch=32", codec.OpText, 125, 32},
		{"text,size=4096", codec.OpText, 4 << 10, 1},
		{"text,size=65536", codec.OpText, 64 << 10, 1},
		{"text,size=1048576", codec.OpText, 1 << 20, 1},
		{"binary,size=125,batch=32", codec.OpBinary, 125, 32},
		{"binary,size=65536", codec.OpBinary, 64 << 10, 1},
		{"binary,size=1048576", codec.OpBinary, 1 << 20, 1},
	} {
		b.Run(bb.name, func(b *testing.B) {
			payload := []byte("The quick brown fox jumps over the lazy dog. ")
			for len(payload) < bb.size {
				payload = append(payload, payload...)
			}
			h := codec.Header{Fin: true, Opcode: bb.op, Masked: true, Key: wstest.RFCKey}
			var stream []byte
			for range bb.frames {
				stream = codec.AppendFrame(stream, h, payload[:bb.size])
			}
			var d codec.Decoder
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				for rest := stream; len(rest) > 0; {
					n := copy(d.Space(64<<10), rest)
					d.Commit(n)
					rest = rest[n:]
					var err error
					for err == nil {
						_, err = d.Next()
					}
					if err != codec.ErrShort {
						b.Fatal(err)
					}
				}
				d.Release()
			}
		})
	}
}

func BenchmarkCodecEncode(b *testing.B) {
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		for _, size := range []int{125, 4 << 10, 64 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("role=%v,size=%d", role, size), func(b *testing.B) {
				e := codec.Encoder{Role: role}
				h := codec.Header{Fin: true, Opcode: codec.OpBinary, Key: wstest.RFCKey}
				payload := make([]byte, size)
				dst := make([]byte, 0, size+codec.MaxHeaderSize)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.Append(dst, h, payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkCodecHandshake(b *testing.B) {
	b.Run("server", func(b *testing.B) {
		var r codec.Request
		dst := make([]byte, 0, 512)
		b.SetBytes(int64(len(chromeRequest)))
		b.ReportAllocs()
		for b.Loop() {
			r.Reset()
			if _, err := r.Parse(chromeRequest); err != nil {
				b.Fatal(err)
			}
			if err := r.Check(); err != nil {
				b.Fatal(err)
			}
			if _, err := codec.AppendResponse(dst, r.Key(), "chat", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		key := codec.EncodeKey([16]byte{15: 1})
		params := codec.RequestParams{Host: "server.example.com", Target: "/chat", Key: key, Subprotocols: []string{"chat"}}
		response, err := codec.AppendResponse(nil, key[:], "chat", "")
		if err != nil {
			b.Fatal(err)
		}
		var r codec.Response
		dst := make([]byte, 0, 512)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.AppendRequest(dst, params); err != nil {
				b.Fatal(err)
			}
			r.Reset()
			if _, err := r.Parse(response); err != nil {
				b.Fatal(err)
			}
			if err := r.Check(key, params.Subprotocols, false); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("accept", func(b *testing.B) {
		key := codec.EncodeKey([16]byte{15: 1})
		b.ReportAllocs()
		for b.Loop() {
			codec.AcceptKey(key[:])
		}
	})
}
