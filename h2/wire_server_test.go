package h2_test

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// acceptWire accepts one connection of HTTP/2 without TLS and one WebSocket on it, and
// returns what reads and writes its frames. limit is the SETTINGS_MAX_FRAME_SIZE.
func acceptWire(t testing.TB, limit uint32) (url string, accepted <-chan *http2.Framer) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	out := make(chan *http2.Framer, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(patience))
		io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(conn, conn)
		f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		f.WriteSettings(
			http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1},
			http2.Setting{ID: http2.SettingMaxFrameSize, Val: limit},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20},
		)
		f.WriteWindowUpdate(0, 1<<20)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if _, ok := frame.(*http2.MetaHeadersFrame); ok {
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true}) // :status 200
				out <- f
				return
			}
		}
	}()
	return "ws://" + ln.Addr().String(), out
}

// TestClientOnTheWire looks at the frames that a client sends.
func TestClientOnTheWire(t *testing.T) {
	url, accepted := acceptWire(t, 1<<20)
	tr := &h2.Transport{Mode: h2.OnlyHTTP2}
	defer tr.Close()
	c := dial(t, tr, url, nil)
	f := <-accepted
	if err := c.Write(t.Context(), websocket.OpBinary, make([]byte, 100_000)); err != nil {
		t.Fatalf("Write() = %v", err)
	}
	frames, bytes := 0, 0
	for bytes < 100_000 {
		frame, err := f.ReadFrame()
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
	t.Logf("%d bytes in %d DATA frames", bytes, frames)

	c.CloseNow()
	ended := false
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("ReadFrame() = %v, want RST_STREAM", err)
		}
		switch frame := frame.(type) {
		case *http2.DataFrame:
			ended = ended || frame.StreamEnded()
		case *http2.RSTStreamFrame:
			if !ended || frame.ErrCode != http2.ErrCodeCancel {
				t.Errorf("END_STREAM %t, RST_STREAM with %v, want CANCEL behind END_STREAM", ended, frame.ErrCode)
			}
			return
		}
	}
}
