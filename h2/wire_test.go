package h2_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/zerowire/websocket"
)

// wire is an HTTP/2 client that sends and reads frames.
type wire struct {
	*http2.Framer
	t     testing.TB
	block bytes.Buffer
	enc   *hpack.Encoder
	conn  *tls.Conn
}

// dialWire opens a connection to s. Its peer may send window bytes on a stream.
func dialWire(t testing.TB, s *server, window uint32) *wire {
	t.Helper()
	config := trust(s)
	config.NextProtos = []string{http2.NextProtoTLS}
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, http2.ClientPreface)
	w := &wire{Framer: http2.NewFramer(conn, conn), t: t, conn: conn}
	w.enc = hpack.NewEncoder(&w.block)
	w.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	w.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	return w
}

// request opens a stream with the fields, given as name and value by turns.
func (w *wire) request(stream uint32, fields ...string) {
	w.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		w.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	w.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: w.block.Bytes(), EndHeaders: true})
}

// open opens a WebSocket on a stream and returns the status of the response.
func (w *wire) open(stream uint32, more ...string) string {
	w.t.Helper()
	w.request(stream, append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", "/",
		":authority", "example.com", "sec-websocket-version", "13"}, more...)...)
	for f := range w.frames(stream) {
		if head, ok := f.(*http2.MetaHeadersFrame); ok {
			return head.PseudoValue("status")
		}
	}
	return ""
}

// frames yields the frames of a stream until the connection or the test's patience ends.
func (w *wire) frames(stream uint32) func(yield func(http2.Frame) bool) {
	return func(yield func(http2.Frame) bool) {
		w.t.Helper()
		for {
			f, err := w.ReadFrame()
			if err != nil {
				w.t.Fatalf("ReadFrame() = %v", err)
			}
			if f.Header().StreamID == stream && !yield(f) {
				return
			}
		}
	}
}

// end reads a stream up to its end. It reports whether END_STREAM came, and the code of
// RST_STREAM, or -1 if there was none.
func (w *wire) end(stream uint32) (ended bool, code int) {
	w.t.Helper()
	const first, second = 1, 2 // PINGs
	for {
		f, err := w.ReadFrame()
		if err != nil {
			w.t.Fatalf("ReadFrame() = %v", err)
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			if f.StreamID == stream && f.StreamEnded() {
				ended = true
				w.WritePing(false, [8]byte{first})
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return ended, int(f.ErrCode)
			}
		case *http2.PingFrame:
			// RST_STREAM comes at the latest with the answer to the first PING.
			switch {
			case f.IsAck() && f.Data[0] == first:
				w.WritePing(false, [8]byte{second})
			case f.IsAck() && f.Data[0] == second:
				return ended, -1
			}
		}
	}
}

// masked is a client's frame with a mask of zeros.
func masked(op byte, payload string) []byte {
	return append([]byte{0x80 | op, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// TestEndsOnTheWire compares the frames of HTTP/2 that end a WebSocket with RFC 8441 §5, as
// far as net/http lets a server choose them.
func TestEndsOnTheWire(t *testing.T) {
	t.Parallel()
	closeNow := func(c *websocket.Conn) { c.CloseNow() }
	closes := func(c *websocket.Conn) { c.Close(websocket.StatusNormalClosure, "") }
	flood := func(c *websocket.Conn) {
		for c.Write(context.Background(), websocket.OpBinary, make([]byte, 100_000)) == nil {
		}
	}
	tests := []struct {
		name  string
		serve func(c *websocket.Conn)
		then  func(w *wire) // what the client does after the handshake
		ended bool
		code  int
		limit time.Duration // WriteTimeout
	}{
		{"the server closes without a handshake", closeNow, func(*wire) {}, true, int(http2.ErrCodeNo), patience},
		{"closing handshake, and the client ends its side", closes, func(w *wire) {
			w.WriteData(1, true, masked(8, "\x03\xe8"))
		}, true, -1, patience},
		{"closing handshake, and the client leaves its side open", closes, func(w *wire) {
			w.WriteData(1, false, masked(8, "\x03\xe8"))
		}, true, int(http2.ErrCodeNo), patience},
		{"the client ends its side without a handshake", echoBlocking, func(w *wire) { w.WriteData(1, true, nil) }, true, -1, patience},
		{"the client makes no room", flood, func(*wire) {}, false, int(http2.ErrCodeInternal), 200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, &websocket.Server{Handler: websocket.Blocking(tt.serve), Options: websocket.Options{WriteTimeout: tt.limit}})
			w := dialWire(t, s, 65535)
			if status := w.open(1); status != "200" {
				t.Fatalf("status %q", status)
			}
			tt.then(w)
			if ended, code := w.end(1); ended != tt.ended || code != tt.code {
				t.Errorf("END_STREAM %t, RST_STREAM %d, want %t and %d", ended, code, tt.ended, tt.code)
			}
			if status := w.open(3); status != "200" {
				t.Errorf("status %q of another stream after it", status)
			}
		})
	}
}

// TestResetByThePeer resets a stream, or closes its connection, at the client, and looks at the
// error at the server.
func TestResetByThePeer(t *testing.T) {
	ended := make(chan error, 1)
	s := serve(t, &websocket.Server{Handler: websocket.Blocking(func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.OpText, []byte("serving"))
		_, _, err := c.Read(context.Background())
		ended <- err
	})})
	tests := []struct {
		name  string
		end   func(w *wire)
		reset bool   // the cause is ECONNRESET
		cause string // in the error
	}{
		{"FLOW_CONTROL_ERROR", func(w *wire) { w.WriteRSTStream(1, http2.ErrCodeFlowControl) }, true, "FLOW_CONTROL_ERROR"},
		{"CANCEL", func(w *wire) { w.WriteRSTStream(1, http2.ErrCodeCancel) }, true, "CANCEL"},
		{"end of the connection", func(w *wire) { w.conn.Close() }, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := dialWire(t, s, 65535)
			w.open(1)
			for f := range w.frames(1) { // net/http reports an end before that as a failed handshake
				if data, ok := f.(*http2.DataFrame); ok && len(data.Data()) > 0 {
					break
				}
			}
			tt.end(w)
			err := <-ended
			if websocket.CloseStatus(err) != websocket.StatusAbnormalClosure || errors.Is(err, syscall.ECONNRESET) != tt.reset || !strings.Contains(err.Error(), tt.cause) {
				t.Errorf("Read() = %v, with the status %d, want 1006 and %s", err, websocket.CloseStatus(err), tt.cause)
			}
		})
	}
}

// TestHandshakeOnTheWire sends requests, valid and invalid ones.
func TestHandshakeOnTheWire(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32
	s := serve(t, &websocket.Server{Handler: echo{}, Options: websocket.Options{
		Subprotocols: []string{"v2", "v1"},
		Compression:  &websocket.Compression{},
		Hooks:        websocket.Hooks{Refused: func(*websocket.Request, error) { refused.Add(1) }},
	}})
	w := dialWire(t, s, 65535)
	const extensions, protocol = "sec-websocket-extensions", "sec-websocket-protocol"
	valid := []string{":method", "CONNECT", ":protocol", "websocket", "sec-websocket-version", "13"}
	tests := []struct {
		name   string
		fields []string
		status string
		want   map[string]string // fields of the response; "" for none
	}{
		{"nothing to agree on", valid, "200", map[string]string{extensions: "", protocol: ""}},
		{"name of the protocol in other case", []string{":method", "CONNECT", ":protocol", "WebSocket", "sec-websocket-version", "13"}, "200", nil},
		{"key without a meaning", append(valid[:6:6], "sec-websocket-key", "x"), "200", nil},
		{"sub-protocols in two fields", append(valid[:6:6], protocol, "v0, v1", protocol, "v2"), "200", map[string]string{protocol: "v2"}},
		{"unknown sub-protocol", append(valid[:6:6], protocol, "v3"), "200", map[string]string{protocol: ""}},
		{"compression", append(valid[:6:6], extensions, "permessage-deflate"), "200", map[string]string{extensions: "permessage-deflate; client_no_context_takeover"}},
		{"second offer", append(valid[:6:6], extensions, "permessage-deflate; server_max_window_bits=7", extensions, "permessage-deflate; server_no_context_takeover"), "200", map[string]string{extensions: "permessage-deflate; server_no_context_takeover; client_no_context_takeover"}},
		{"offer that must be declined", append(valid[:6:6], extensions, "permessage-deflate; unknown"), "200", map[string]string{extensions: ""}},
		{"malformed offer", append(valid[:6:6], extensions, "permessage-deflate;;"), "200", map[string]string{extensions: ""}},
		{"other protocol", []string{":method", "CONNECT", ":protocol", "connect-udp"}, "501", nil},
		{"other version", []string{":method", "CONNECT", ":protocol", "websocket", "sec-websocket-version", "8"}, "400", map[string]string{"sec-websocket-version": "13"}},
		{"no version", valid[:4], "400", map[string]string{"sec-websocket-version": "13"}},
		{"other origin", append(valid[:6:6], "origin", "https://evil.example"), "403", nil},
		{"GET", []string{":method", "GET"}, "400", nil},
	}
	refusals := int32(0)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.status != "200" {
				refusals++
			}
			stream := uint32(2*i + 1)
			w.request(stream, append([]string{":scheme", "https", ":path", "/", ":authority", "example.com"}, tt.fields...)...)
			for f := range w.frames(stream) {
				head, ok := f.(*http2.MetaHeadersFrame)
				if !ok {
					continue
				}
				if status := head.PseudoValue("status"); status != tt.status {
					t.Errorf("status %s, want %s", status, tt.status)
				}
				got := map[string]string{}
				for _, field := range head.RegularFields() {
					got[field.Name] = field.Value
				}
				for name, want := range tt.want {
					if got[name] != want {
						t.Errorf("%s: %q, want %q", name, got[name], want)
					}
				}
				for _, name := range []string{"connection", "upgrade", "sec-websocket-accept"} {
					if value, has := got[name]; has {
						t.Errorf("%s: %q, which HTTP/2 does not have", name, value)
					}
				}
				return
			}
		})
	}
	if refused.Load() != refusals {
		t.Errorf("Hooks.Refused was called %d times, want %d", refused.Load(), refusals)
	}
}

// TestHandlerReturnsTooEarly breaks the rule that a handler stays while its connection is
// open. The connection ends, others do not.
func TestHandlerReturnsTooEarly(t *testing.T) {
	served := make(chan *websocket.Conn, 1)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Upgrade(w, r, nil); err == nil {
			if r.URL.Path == "/early" {
				served <- c
				return
			}
			c.Serve(echo{})
		}
	}))
	tr := newTransport(t, s)
	steady := dial(t, tr, s.wss(), nil)
	c := dial(t, tr, s.wss()+"/early", nil)
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("Read() at the client = nil")
	}
	early := <-served
	_, _, err := early.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusAbnormalClosure {
		t.Errorf("Read() at the server = %v, want 1006", err)
	}
	if err := early.Write(t.Context(), websocket.OpText, []byte("hello")); err == nil {
		t.Error("Write() at the server = nil")
	}
	early.CloseNow()
	wantEcho(t, steady, websocket.OpText, "hello")
}

// wrapped is a middleware's ResponseWriter that would change what is written.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w wrapped) Write(p []byte) (int, error) {
	return w.ResponseWriter.Write(bytes.ToUpper(p))
}

func TestMiddleware(t *testing.T) {
	srv := &websocket.Server{Handler: echo{}}
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", "middleware")
		w.Header().Set("Connection", "close") // it would end the connection of others
		srv.ServeHTTP(wrapped{wrapped{w}}, r)
	}))
	tr := newTransport(t, s)
	var header http.Header
	for range 2 {
		c := dial(t, tr, s.wss(), &websocket.DialOptions{Accepted: func(h http.Header) error { header = h; return nil }})
		wantEcho(t, c, websocket.OpText, "as it is")
	}
	if header.Get("X-Served-By") != "middleware" {
		t.Errorf("header of the response: %v", header)
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1", n)
	}
}
