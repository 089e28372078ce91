package h2_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// TestEndsAtTheClient has a server end a stream or its connection without a Close frame. The
// client reads the status 1006, and a cause that names the code of HTTP/2.
func TestEndsAtTheClient(t *testing.T) {
	tests := []struct {
		name  string
		end   func(w *wireServer)
		reset bool   // the cause is ECONNRESET
		cause string // in the error
	}{
		{"RST_STREAM with CANCEL", func(w *wireServer) { w.WriteRSTStream(1, http2.ErrCodeCancel) }, true, "CANCEL"},
		{"RST_STREAM with INTERNAL_ERROR", func(w *wireServer) { w.WriteRSTStream(1, http2.ErrCodeInternal) }, true, "INTERNAL_ERROR"},
		{"RST_STREAM with an unknown code", func(w *wireServer) { w.WriteRSTStream(1, 153) }, true, "code 153"},
		{"END_STREAM", func(w *wireServer) { w.WriteData(1, true, nil) }, false, "EOF"},
		{"GOAWAY that excludes the stream", func(w *wireServer) { w.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil) }, false, "ENHANCE_YOUR_CALM"},
		{"GOAWAY, then the end of the connection", func(w *wireServer) {
			w.WriteGoAway(1, http2.ErrCodeInternal, nil)
			w.conn.Close()
		}, false, "INTERNAL_ERROR"},
		{"end of the connection", func(w *wireServer) { w.conn.Close() }, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, w := onWire(t)
			w.WriteData(1, false, []byte("\x81\x05hello"))
			tt.end(w)
			if _, p, err := c.Read(t.Context()); err != nil || string(p) != "hello" {
				t.Errorf("Read() = %q, %v, want the message before the end", p, err)
			}
			_, _, err := c.Read(t.Context())
			if websocket.CloseStatus(err) != websocket.StatusAbnormalClosure || errors.Is(err, syscall.ECONNRESET) != tt.reset || !strings.Contains(err.Error(), tt.cause) {
				t.Errorf("Read() = %v, with the status %d, want 1006 and %s", err, websocket.CloseStatus(err), tt.cause)
			}
		})
	}
}

// TestDialAgain refuses requests in ways that guarantee that they were not processed.
func TestDialAgain(t *testing.T) {
	start := func(t *testing.T) (tr *h2.Transport, url string, accept func() *wireServer) {
		url, accept = listenWire(t)
		tr = &h2.Transport{Mode: h2.OnlyHTTP2}
		t.Cleanup(func() { tr.Close() })
		return tr, url, accept
	}
	t.Run("GOAWAY", func(t *testing.T) {
		tr, url, accept := start(t)
		first := startDial(t, tr, url)
		one := accept()
		one.announce()
		one.allow(one.request())
		c := first.open()

		second := startDial(t, tr, url)
		one.request()
		one.WriteGoAway(1, http2.ErrCodeNo, nil)
		two := accept()
		two.announce()
		two.allow(two.request())
		second.open()

		one.WriteData(1, false, []byte("\x81\x05hello"))
		if _, p, err := c.Read(t.Context()); err != nil || string(p) != "hello" {
			t.Errorf("Read() of the first WebSocket after GOAWAY = %q, %v", p, err)
		}
	})
	t.Run("REFUSED_STREAM", func(t *testing.T) {
		tr, url, accept := start(t)
		d := startDial(t, tr, url)
		w := accept()
		w.announce()
		for range 2 {
			w.WriteRSTStream(w.request(), http2.ErrCodeRefusedStream)
		}
		w.allow(w.request())
		d.open()
	})
	t.Run("REFUSED_STREAM each time", func(t *testing.T) {
		tr, url, accept := start(t)
		d := startDial(t, tr, url)
		w := accept()
		w.announce()
		for range 3 {
			w.WriteRSTStream(w.request(), http2.ErrCodeRefusedStream)
		}
		if err := d.failed(); !strings.Contains(err.Error(), "REFUSED_STREAM") {
			t.Errorf("Dial() = %v, want REFUSED_STREAM", err)
		}
	})
	t.Run("not again after another code", func(t *testing.T) {
		tr, url, accept := start(t)
		d := startDial(t, tr, url)
		w := accept()
		w.announce()
		w.WriteRSTStream(w.request(), http2.ErrCodeInternal)
		if err := d.failed(); !strings.Contains(err.Error(), "INTERNAL_ERROR") {
			t.Errorf("Dial() = %v, want INTERNAL_ERROR", err)
		}
	})
}

// TestSettings dials servers whose SETTINGS are late, or do not allow a WebSocket.
func TestSettings(t *testing.T) {
	t.Parallel()
	t.Run("late", func(t *testing.T) {
		url, accept := listenWire(t)
		tr := &h2.Transport{Mode: h2.OnlyHTTP2}
		defer tr.Close()
		d := startDial(t, tr, url)
		w := accept()
		w.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		for {
			f, err := w.ReadFrame()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatalf("ReadFrame() = %v", err)
			}
			if f.Header().StreamID != 0 {
				t.Fatalf("%v before the server's SETTINGS", f.Header())
			}
		}
		w.conn.SetReadDeadline(time.Now().Add(patience))
		w.announce()
		w.allow(w.request())
		d.open()
	})
	t.Run("never", func(t *testing.T) {
		url, accept := listenWire(t)
		tr := &h2.Transport{Mode: h2.OnlyHTTP2}
		defer tr.Close()
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := tr.Dial(ctx, url, nil)
			failed <- err
		}()
		accept()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("Dial() = %v, want context.Canceled", err)
		}
	})
	for _, tt := range []struct {
		name string
		send func(w *wireServer)
		want string // in the error
		is   error  // may be nil
	}{
		{"not the first frame", func(w *wireServer) { w.WritePing(false, [8]byte{}) }, "not SETTINGS", nil},
		{"not announced", func(w *wireServer) { w.WriteSettings() }, "", h2.ErrNotSupported},
		{"no streams", func(w *wireServer) { w.announce(http2.Setting{ID: http2.SettingMaxConcurrentStreams}) }, "", h2.ErrNotSupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, accept := listenWire(t)
			tr := &h2.Transport{Mode: h2.OnlyHTTP2}
			defer tr.Close()
			d := startDial(t, tr, url)
			tt.send(accept())
			if err := d.failed(); !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("Dial() = %v, want %v %q", err, tt.is, tt.want)
			}
		})
	}
}

// TestPingInterval waits for a PING on a quiet HTTP/2 connection.
func TestPingInterval(t *testing.T) {
	t.Parallel()
	url, accept := listenWire(t)
	tr := &h2.Transport{Mode: h2.OnlyHTTP2, PingInterval: 50 * time.Millisecond}
	defer tr.Close()
	d := startDial(t, tr, url)
	w := accept()
	w.announce()
	w.allow(w.request())
	d.open()
	for {
		f, err := w.ReadFrame()
		if err != nil {
			t.Fatalf("ReadFrame() = %v, want PING", err)
		}
		if f.Header().Type == http2.FramePing {
			return
		}
	}
}
