package bench

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"github.com/zerowire/websocket/codec"
)

// BenchmarkConnection is a connection's life: accepted, upgraded, ended by the
// client, closed.
func BenchmarkConnection(b *testing.B) {
	byPeer(b, func(b *testing.B, ln listener) {
		b.ReportAllocs()
		for b.Loop() {
			c := newScript(nil, func() bool { return false })
			ln <- c
			<-c.closed
		}
	})
}

// BenchmarkUpgrade is the opening handshake alone: the request is parsed and
// checked, the response written to memory.
func BenchmarkUpgrade(b *testing.B) {
	b.Run("peer=ours", func(b *testing.B) {
		b.ReportAllocs()
		var r codec.Request
		var out []byte
		for b.Loop() {
			r.Reset()
			if _, err := r.Parse(handshake); err != nil {
				b.Fatal(err)
			}
			if err := r.Check(); err != nil {
				b.Fatal(err)
			}
			var err error
			if out, err = codec.AppendResponse(out[:0], r.Key(), "", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peer=gobwas", func(b *testing.B) {
		b.ReportAllocs()
		var u ws.Upgrader
		var rw memory
		for b.Loop() {
			rw.reset()
			if _, err := u.Upgrade(&rw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peer=gws", func(b *testing.B) {
		b.ReportAllocs()
		u := gws.NewUpgrader(&gws.BuiltinEventHandler{}, nil)
		rw := memory{Conn: &script{}}
		in := bufio.NewReader(nil)
		for b.Loop() {
			rw.reset()
			in.Reset(&rw)
			r, err := http.ReadRequest(in)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := u.UpgradeFromConn(&rw, in, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peer=gorilla", func(b *testing.B) {
		b.ReportAllocs()
		var u websocket.Upgrader
		rw := memory{Conn: newScript(nil, nil)}
		w := hijacker{conn: &rw, buffers: bufio.NewReadWriter(bufio.NewReader(nil), bufio.NewWriter(nil))}
		for b.Loop() {
			rw.reset()
			w.buffers.Reader.Reset(&rw)
			w.buffers.Writer.Reset(&rw)
			r, err := http.ReadRequest(w.buffers.Reader)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := u.Upgrade(w, r, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// memory is a connection that holds one request and takes one response.
type memory struct {
	net.Conn
	in  bytes.Reader
	out []byte
}

func (m *memory) reset() {
	m.in.Reset(handshake)
	m.out = m.out[:0]
}

func (m *memory) Read(p []byte) (int, error) { return m.in.Read(p) }

func (m *memory) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	return len(p), nil
}

// hijacker is the http.ResponseWriter of a request on a memory.
type hijacker struct {
	http.ResponseWriter
	conn    net.Conn
	buffers *bufio.ReadWriter
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.conn, h.buffers, nil }
