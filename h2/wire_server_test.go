package h2_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// wireServer is the server's end of an HTTP/2 connection without TLS. It sends and reads
// frames.
type wireServer struct {
	*http2.Framer
	t    testing.TB
	conn net.Conn
}

// listenWire returns the URL of a server, and a function that accepts its next connection.
func listenWire(t testing.TB) (url string, accept func() *wireServer) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return "ws://" + ln.Addr().String(), func() *wireServer {
		t.Helper()
		ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			t.Fatal(err)
		}
		w := &wireServer{http2.NewFramer(conn, conn), t, conn}
		w.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		return w
	}
}

// announce sends SETTINGS that allow WebSockets, and more settings.
func (w *wireServer) announce(more ...http2.Setting) {
	w.WriteSettings(append(more, http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})...)
}

// request reads up to the next request, and returns its stream.
func (w *wireServer) request() (stream uint32) {
	w.t.Helper()
	for {
		f, err := w.ReadFrame()
		if err != nil {
			w.t.Fatalf("ReadFrame() = %v, want a request", err)
		}
		if _, ok := f.(*http2.MetaHeadersFrame); ok {
			return f.Header().StreamID
		}
	}
}

// allow answers a request with the status 200.
func (w *wireServer) allow(stream uint32) {
	w.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte{0x88}, EndHeaders: true})
}

// dialed is a call of Dial in another goroutine.
type dialed struct {
	t    testing.TB
	done chan struct{}
	conn *websocket.Conn
	err  error
}

func startDial(t testing.TB, tr *h2.Transport, url string) *dialed {
	d := &dialed{t: t, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		d.conn, d.err = tr.Dial(ctx, url, nil)
	}()
	t.Cleanup(func() {
		if <-d.done; d.err == nil {
			d.conn.CloseNow()
		}
	})
	return d
}

// open returns the WebSocket that Dial has opened.
func (d *dialed) open() *websocket.Conn {
	d.t.Helper()
	if <-d.done; d.err != nil {
		d.t.Fatalf("Dial() = %v", d.err)
	}
	return d.conn
}

// failed returns the error of Dial.
func (d *dialed) failed() error {
	d.t.Helper()
	if <-d.done; d.err == nil {
		d.t.Fatal("Dial() = nil, want an error")
	}
	return d.err
}

// onWire opens one WebSocket, and returns both ends of it.
func onWire(t testing.TB) (c *websocket.Conn, w *wireServer) {
	t.Helper()
	url, accept := listenWire(t)
	tr := &h2.Transport{Mode: h2.OnlyHTTP2}
	t.Cleanup(func() { tr.Close() })
	d := startDial(t, tr, url)
	w = accept()
	w.announce(
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20},
	)
	w.WriteWindowUpdate(0, 1<<20)
	w.allow(w.request())
	return d.open(), w
}

// TestClientOnTheWire looks at the frames that a client sends.
func TestClientOnTheWire(t *testing.T) {
	c, w := onWire(t)
	if err := c.Write(t.Context(), websocket.OpBinary, make([]byte, 100_000)); err != nil {
		t.Fatalf("Write() = %v", err)
	}
	frames, bytes := 0, 0
	for bytes < 100_000 {
		frame, err := w.ReadFrame()
		if err != nil {
			t.Fatalf("ReadFrame() = %v", err)
		}
		if data, ok := frame.(*http2.DataFrame); ok {
			frames, bytes = frames+1, bytes+len(data.Data())
			if len(data.Data()) > 16<<10 {
				t.Errorf("a DATA frame of %d bytes, want at most 16 KiB", len(data.Data()))
			}
		}
	}
	if frames > 25 {
		t.Errorf("%d bytes in %d DATA frames, want at most 25", bytes, frames)
	}

	c.CloseNow()
	ended := false
	for {
		frame, err := w.ReadFrame()
		if err != nil {
			t.Fatalf("ReadFrame() = %v, want RST_STREAM", err)
		}
		switch frame := frame.(type) {
		case *http2.DataFrame:
			ended = ended || frame.StreamEnded()
		case *http2.RSTStreamFrame:
			if !ended || frame.ErrCode != http2.ErrCodeCancel {
				t.Errorf("END_STREAM %t, RST_STREAM with %v, want CANCEL after END_STREAM", ended, frame.ErrCode)
			}
			return
		}
	}
}
