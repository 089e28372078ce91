package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	ours "github.com/zerowire/websocket/gorilla"
)

// gorillaConn is what a Conn of gorilla/websocket and one of package gorilla have in
// common.
type gorillaConn interface {
	ReadMessage() (int, []byte, error)
	WriteMessage(int, []byte) error
	NextReader() (int, io.Reader, error)
	NextWriter(int) (io.WriteCloser, error)
	WriteJSON(any) error
	ReadJSON(any) error
	Close() error
}

// gorillaLibrary makes connections, and prepares messages.
type gorillaLibrary struct {
	name    string
	upgrade func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error)
	dial    func(url string, deflate bool) (gorillaConn, error)
	prepare func(p []byte) func(gorillaConn) error
}

var gorillaLibraries = []gorillaLibrary{
	{
		"gorilla",
		func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error) {
			u := websocket.Upgrader{EnableCompression: deflate}
			return u.Upgrade(w, r, nil)
		},
		func(url string, deflate bool) (gorillaConn, error) {
			d := websocket.Dialer{EnableCompression: deflate}
			c, _, err := d.Dial(url, nil)
			return c, err
		},
		func(p []byte) func(gorillaConn) error {
			m, _ := websocket.NewPreparedMessage(websocket.TextMessage, p)
			return func(c gorillaConn) error { return c.(*websocket.Conn).WritePreparedMessage(m) }
		},
	},
	{
		"ours",
		func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error) {
			u := ours.Upgrader{EnableCompression: deflate}
			return u.Upgrade(w, r, nil)
		},
		func(url string, deflate bool) (gorillaConn, error) {
			d := ours.Dialer{EnableCompression: deflate}
			c, _, err := d.Dial(url, nil)
			return c, err
		},
		func(p []byte) func(gorillaConn) error {
			m, _ := ours.NewPreparedMessage(ours.TextMessage, p)
			return func(c gorillaConn) error { return c.(*ours.Conn).WritePreparedMessage(m) }
		},
	},
}

// connect returns the two ends of a connection over TCP.
func (l *gorillaLibrary) connect(b *testing.B, deflate bool) (server, client gorillaConn) {
	accepted := make(chan gorillaConn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := l.upgrade(w, r, deflate)
		if err != nil {
			b.Error(err)
		}
		accepted <- c
	}))
	b.Cleanup(s.Close)
	client, err := l.dial("ws"+strings.TrimPrefix(s.URL, "http"), deflate)
	if err != nil {
		b.Fatal(err)
	}
	server = <-accepted
	b.Cleanup(func() { client.Close(); server.Close() })
	return server, client
}

// BenchmarkGorilla has one message go to the server and back, by each of the ways
// in which applications of gorilla/websocket read and write. Both ends are of the
// same library.
func BenchmarkGorilla(b *testing.B) {
	prose := strings.Repeat("Any text will do that is not the same all over: 0123456789. ", 1<<20/60+1)
	whole := func(c gorillaConn) error {
		op, p, err := c.ReadMessage()
		if err != nil {
			return err
		}
		return c.WriteMessage(op, p)
	}
	streamed := func(c gorillaConn) error {
		op, r, err := c.NextReader()
		if err != nil {
			return err
		}
		w, err := c.NextWriter(op)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
		return w.Close()
	}
	asJSON := func(c gorillaConn) error {
		var v map[string]string
		if err := c.ReadJSON(&v); err != nil {
			return err
		}
		return c.WriteJSON(v)
	}
	for _, way := range []struct {
		name    string
		echo    func(gorillaConn) error
		sizes   []int
		deflate bool
	}{
		{"messages", whole, []int{125, 4 << 10, 64 << 10, 1 << 20}, false},
		{"streams", streamed, []int{125, 64 << 10}, false},
		{"compressed", whole, []int{1 << 10, 64 << 10}, true},
		{"json", asJSON, []int{1 << 10}, false},
	} {
		for _, n := range way.sizes {
			for _, l := range gorillaLibraries {
				b.Run(way.name+"/size="+size(n)+"/peer="+l.name, func(b *testing.B) {
					server, client := l.connect(b, way.deflate)
					go func() {
						for way.echo(server) == nil {
						}
					}()
					p := []byte(prose[:n])
					if way.name == "json" {
						p = []byte(`{"key":"` + prose[:n] + `"}`)
					}
					b.SetBytes(int64(n))
					b.ReportAllocs()
					for b.Loop() {
						if err := client.WriteMessage(websocket.TextMessage, p); err != nil {
							b.Fatal(err)
						}
						if _, got, err := client.ReadMessage(); err != nil || len(got) < n {
							b.Fatalf("%d bytes, %v", len(got), err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkGorillaBroadcast sends one prepared message to a hundred connections, of
// which the clients discard what arrives.
func BenchmarkGorillaBroadcast(b *testing.B) {
	const connections = 100
	p := []byte(strings.Repeat("what all of them get ", 25))
	for _, deflate := range []bool{false, true} {
		name := "uncompressed"
		if deflate {
			name = "compressed"
		}
		for _, l := range gorillaLibraries {
			b.Run(name+"/peer="+l.name, func(b *testing.B) {
				conns := make([]gorillaConn, connections)
				for i := range conns {
					server, client := l.connect(b, deflate)
					conns[i] = server
					go func() {
						for {
							if _, r, err := client.NextReader(); err != nil {
								return
							} else if _, err := io.Copy(io.Discard, r); err != nil {
								return
							}
						}
					}()
				}
				b.ReportAllocs()
				for b.Loop() {
					send := l.prepare(p)
					for _, c := range conns {
						if err := send(c); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
