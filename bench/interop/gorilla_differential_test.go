package interop

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
	moved "github.com/zerowire/websocket/gorilla"
)

// gorillaConn is what a Conn of gorilla/websocket and one of package gorilla have in
// common.
type gorillaConn interface {
	ReadMessage() (int, []byte, error)
	WriteMessage(int, []byte) error
	WriteControl(int, []byte, time.Time) error
	NextReader() (int, io.Reader, error)
	NextWriter(int) (io.WriteCloser, error)
	WriteJSON(any) error
	ReadJSON(any) error
	SetReadLimit(int64)
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	SetPingHandler(func(string) error)
	SetPongHandler(func(string) error)
	SetCloseHandler(func(int, string) error)
	PingHandler() func(string) error
	CloseHandler() func(int, string) error
	EnableWriteCompression(bool)
	NetConn() net.Conn
	Subprotocol() string
	Close() error
}

const differentialBuffer = 512 // bytes, of either direction

// differentialServer serves one connection with gorilla/websocket or with ours.
func differentialServer(t *testing.T, overTLS, own bool, script func(gorillaConn)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c gorillaConn
		var err error
		if own {
			u := moved.Upgrader{ReadBufferSize: differentialBuffer, WriteBufferSize: differentialBuffer, Subprotocols: []string{"b"}}
			c, err = u.Upgrade(w, r, nil)
		} else {
			u := websocket.Upgrader{ReadBufferSize: differentialBuffer, WriteBufferSize: differentialBuffer, Subprotocols: []string{"b"}}
			c, err = u.Upgrade(w, r, nil)
		}
		if err != nil {
			t.Errorf("Upgrade: %v", err)
			return
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(patience))
		script(c)
	}))
	if overTLS {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// differentialPeer is a client that is driven frame by frame, over TCP or TLS.
type differentialPeer struct {
	net.Conn
	decoder codec.Decoder
}

func dialDifferential(t *testing.T, s *httptest.Server, overTLS bool) (p *differentialPeer, head string) {
	t.Helper()
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if overTLS {
		config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.ServerName = "example.com"
		nc = tls.Client(nc, config)
	}
	nc.SetDeadline(time.Now().Add(patience))
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: a, b\r\n\r\n")
	for !strings.HasSuffix(head, "\r\n\r\n") {
		var b [1]byte
		if _, err := nc.Read(b[:]); err != nil {
			t.Fatalf("response: %v", err)
		}
		head += string(b[:])
	}
	p = &differentialPeer{Conn: nc, decoder: codec.Decoder{Role: codec.Client}}
	t.Cleanup(p.decoder.Reset)
	return p, head
}

func (p *differentialPeer) send(fin bool, op codec.Opcode, payload string) {
	h := codec.Header{Fin: fin, Opcode: op, Masked: true, Key: [4]byte{1, 2, 3, 4}}
	p.Write(codec.AppendFrame(nil, h, []byte(payload)))
}

// wire returns what the server sends up to its end: each frame's header and payload.
func (p *differentialPeer) wire() (frames []string) {
	for {
		f, err := p.decoder.Next()
		switch {
		case err == nil:
			frames = append(frames, fmt.Sprintf("fin %v rsv %d %v %d %.40q", f.Fin, f.RSV, f.Opcode, f.Length, f.Payload))
			continue
		case err != codec.ErrShort:
			return frames
		}
		n, err := p.Read(p.decoder.Space(4096))
		p.decoder.Commit(n)
		if n == 0 && err != nil {
			return frames
		}
	}
}

// seen describes an error as an application can see it: text where it is exported,
// and kind.
func seen(err error) string {
	if err == nil {
		return "nil"
	}
	if strings.HasPrefix(err.Error(), "websocket: close ") || strings.Contains(err.Error(), "read limit") {
		return err.Error()
	}
	e, isNet := errors.AsType[net.Error](err)
	return fmt.Sprintf("error, timeout %v, EOF %v, closed %v", isNet && e.Timeout(), err == io.EOF, errors.Is(err, net.ErrClosed))
}

// differentialScript is played by a server against a peer.
type differentialScript struct {
	name string
	peer func(p *differentialPeer)
	play func(c gorillaConn, note func(format string, args ...any))
}

func readLoop(c gorillaConn, note func(string, ...any)) {
	for range 20 {
		op, p, err := c.ReadMessage()
		note("ReadMessage %d %d %.40q %s", op, len(p), p, seen(err))
		if err != nil {
			return
		}
	}
}

var long = strings.Repeat("0123456789", 1000)

var differentialScripts = []differentialScript{
	{"messages", func(p *differentialPeer) {
		p.send(true, codec.OpText, "")
		p.send(true, codec.OpBinary, "\x00\xFF")
		p.send(false, codec.OpText, "in ")
		p.send(true, codec.OpPing, "between")
		p.send(false, codec.OpContinuation, "")
		p.send(true, codec.OpContinuation, "parts")
		p.send(true, codec.OpText, long)
		p.send(true, codec.OpClose, "\x03\xE8bye")
	}, readLoop},
	{"handlers", func(p *differentialPeer) {
		p.send(true, codec.OpPing, "1")
		p.send(true, codec.OpPong, "2")
		p.send(true, codec.OpClose, "\x0F\xA0own code")
	}, func(c gorillaConn, note func(string, ...any)) {
		c.SetPingHandler(func(s string) error { note("ping %q", s); return nil })
		c.SetPongHandler(func(s string) error { note("pong %q", s); return nil })
		c.SetCloseHandler(func(code int, s string) error { note("close %d %q", code, s); return nil })
		readLoop(c, note)
		note("write %s", seen(c.WriteMessage(websocket.TextMessage, []byte("after the peer's Close"))))
	}},
	{"a handler's error", func(p *differentialPeer) { p.send(true, codec.OpPing, "") }, func(c gorillaConn, note func(string, ...any)) {
		c.SetPingHandler(func(string) error { return os.ErrInvalid })
		for range 2 {
			_, _, err := c.ReadMessage()
			note("%v", err == os.ErrInvalid)
		}
	}},
	{"Close without a code", func(p *differentialPeer) { p.send(true, codec.OpClose, "") }, readLoop},
	{"no Close", func(p *differentialPeer) { p.send(false, codec.OpText, "half"); p.Close() }, readLoop},
	{"a reserved opcode", func(p *differentialPeer) { p.send(true, 3, "") }, readLoop},
	{"a message inside another", func(p *differentialPeer) { p.send(false, codec.OpText, "a"); p.send(true, codec.OpText, "b") }, readLoop},
	{"nothing to continue", func(p *differentialPeer) { p.send(true, codec.OpContinuation, "a") }, readLoop},
	{"the limit", func(p *differentialPeer) {
		p.send(true, codec.OpText, long[:100])
		p.send(true, codec.OpText, long[:101])
	}, func(c gorillaConn, note func(string, ...any)) {
		c.SetReadLimit(100)
		readLoop(c, note)
	}},
	{"skipped messages", func(p *differentialPeer) {
		for range 3 {
			p.send(false, codec.OpText, long)
			p.send(true, codec.OpContinuation, long)
		}
		p.send(true, codec.OpClose, "\x03\xE8")
	}, func(c gorillaConn, note func(string, ...any)) {
		for n := range 3 {
			op, r, err := c.NextReader()
			note("NextReader %d %s", op, seen(err))
			got, err := io.ReadFull(r, make([]byte, n*5000))
			note("%d %s", got, seen(err))
		}
		readLoop(c, note)
	}},
	{"writing", func(p *differentialPeer) {}, func(c gorillaConn, note func(string, ...any)) {
		for _, n := range []int{0, 1, 125, 126, differentialBuffer, differentialBuffer + 1, 2000, len(long)} {
			note("message %s", seen(c.WriteMessage(websocket.BinaryMessage, []byte(long[:n]))))
			w, err := c.NextWriter(websocket.TextMessage)
			note("NextWriter %s", seen(err))
			w.Write([]byte(long[:n]))
			io.WriteString(w, long[:n/2])
			note("Close %s %s", seen(w.Close()), seen(w.Close()))
		}
		note("JSON %s", seen(c.WriteJSON(map[string]int{"a": 1})))
		note("Ping %s", seen(c.WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(patience))))
		note("late %s", seen(c.WriteControl(websocket.PingMessage, nil, time.Now().Add(-patience))))
		note("no type %s", seen(c.WriteMessage(7, nil)))
		note("long %s", seen(c.WriteControl(websocket.PongMessage, make([]byte, 126), time.Time{})))
		note("Close %s", seen(c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "x"), time.Time{})))
		err := c.WriteMessage(websocket.TextMessage, nil)
		note("after Close %v", err == websocket.ErrCloseSent || err == moved.ErrCloseSent)
	}},
	{"JSON", func(p *differentialPeer) {
		for _, s := range []string{`{"a":1}`, `{"a":2} {"a":3}`, ``, `{"a`, `[]`} {
			p.send(true, codec.OpText, s)
		}
		p.send(true, codec.OpClose, "")
	}, func(c gorillaConn, note func(string, ...any)) {
		for range 6 {
			var v struct{ A int }
			err := c.ReadJSON(&v)
			note("%d %T %v", v.A, err, err == io.ErrUnexpectedEOF)
			if seen(err) == "websocket: close 1005 (no status)" {
				return
			}
		}
	}},
	{"a read deadline", func(p *differentialPeer) {}, func(c gorillaConn, note func(string, ...any)) {
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		for range 2 {
			_, _, err := c.ReadMessage()
			note("%s", seen(err))
		}
		note("write %s", seen(c.WriteMessage(websocket.TextMessage, []byte("still"))))
	}},
}

// TestGorillaDifferential plays the same script against gorilla/websocket and against
// package gorilla, and compares what the application sees and what is on the wire.
func TestGorillaDifferential(t *testing.T) {
	for _, overTLS := range []bool{false, true} {
		for _, s := range differentialScripts {
			t.Run(fmt.Sprintf("%s, TLS %v", s.name, overTLS), func(t *testing.T) {
				var notes, frames [2][]string
				var heads [2]string
				for i, own := range []bool{false, true} {
					played := make(chan struct{})
					server := differentialServer(t, overTLS, own, func(c gorillaConn) {
						s.play(c, func(format string, args ...any) { notes[i] = append(notes[i], fmt.Sprintf(format, args...)) })
						close(played)
					})
					peer, head := dialDifferential(t, server, overTLS)
					heads[i] = head
					go s.peer(peer)
					frames[i] = peer.wire()
					<-played
				}
				if heads[0] != heads[1] {
					t.Errorf("the response is %q, of gorilla/websocket %q", heads[1], heads[0])
				}
				if !reflect.DeepEqual(notes[0], notes[1]) {
					t.Errorf("the application sees %q, with gorilla/websocket %q", notes[1], notes[0])
				}
				if !reflect.DeepEqual(kinds(frames[0]), kinds(frames[1])) {
					t.Errorf("on the wire is %q, of gorilla/websocket %q", frames[1], frames[0])
				}
			})
		}
	}
}

// kinds leaves out what Close frames with 1002 say in words.
func kinds(frames []string) (kinds []string) {
	for _, f := range frames {
		if head, _, ok := strings.Cut(f, `"\x03\xea`); ok {
			f = head[:strings.LastIndex(strings.TrimSpace(head), " ")] + " 1002"
		}
		kinds = append(kinds, f)
	}
	return kinds
}
