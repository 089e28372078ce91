package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// upgradeTo returns the net/http handler that upgrades and serves h. A connection that
// ends during Upgrade is no error of Upgrade: a client that breaks off its handshake may
// leave the handler behind, and the test server closes the connection when the test ends.
// A client that waits for the response sees that it does not come.
func upgradeTo(t testing.TB, h websocket.Handler, opts *websocket.Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, opts)
		if _, network := errors.AsType[*net.OpError](err); network || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			t.Errorf("Upgrade() = %v", err)
			return
		}
		c.Serve(h)
	})
}

// wantEcho sends a message on c and wants it back.
func wantEcho(t testing.TB, c *websocket.Conn, message string) {
	t.Helper()
	if err := c.Write(background, websocket.OpText, []byte(message)); err != nil {
		t.Fatalf("Write(%q) = %v", message, err)
	}
	op, p, err := c.Read(background)
	if err != nil || op != websocket.OpText || string(p) != message {
		t.Fatalf("Read() = %v, %q, %v, want the echo of %q", op, p, err, message)
	}
}

func TestUpgradeServesBothForms(t *testing.T) {
	for form, h := range forms {
		for _, transport := range []string{"tcp", "tls", "unix"} {
			t.Run(form+"/"+transport, func(t *testing.T) {
				srv := httptest.NewUnstartedServer(upgradeTo(t, h, nil))
				opts := &websocket.DialOptions{}
				var url string
				switch transport {
				case "tcp":
					srv.Start()
					url = srv.URL
				case "tls":
					srv.EnableHTTP2 = true // Dial must not be talked into it
					srv.StartTLS()
					url = srv.URL
					opts.TLSConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
				case "unix":
					socket := filepath.Join(t.TempDir(), "s")
					ln, err := net.Listen("unix", socket)
					if err != nil {
						t.Fatal(err)
					}
					srv.Listener.Close()
					srv.Listener = ln
					srv.Start()
					url = "ws+unix://" + socket
				}
				defer srv.Close()
				c, err := websocket.Dial(background, url, opts)
				if err != nil {
					t.Fatalf("Dial(%q) = %v", url, err)
				}
				wantEcho(t, c, "hello")
				wantEcho(t, c, strings.Repeat("x", 100_000))
				if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
					t.Errorf("Close() = %v", err)
				}
			})
		}
	}
}

func TestPromise15EarlyFramesBehindNetHTTPAreKept(t *testing.T) {
	srv := httptest.NewServer(upgradeTo(t, forms["events"], nil))
	defer srv.Close()
	head := strings.ReplaceAll(goodRequest, "\n", "\r\n")
	key := [4]byte{1, 2, 3, 4}
	frame := wstest.Text("early").AppendMasked(nil, key)
	large := wstest.Text(strings.Repeat("x", 60_000)).AppendMasked(nil, key)
	for _, tt := range []struct {
		name   string
		pieces []string
		want   int // length of the echo
	}{
		{"in the same segment", []string{head + string(frame)}, 5},
		{"half a frame", []string{head + string(frame[:3]), string(frame[3:])}, 5},
		{"request in pieces", []string{head[:7], head[7:100], head[100:] + string(frame)}, 5},
		{"more than the buffer of net/http", []string{head + string(large)}, 60_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(patience))
			go func() {
				for _, piece := range tt.pieces {
					io.WriteString(nc, piece)
				}
			}()
			in := bufio.NewReader(nc)
			if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 101 {
				t.Fatalf("response: %v, %v", resp, err)
			}
			f, _, err := wstest.ReadFrame(in)
			if err != nil || len(f.Payload) != tt.want {
				t.Errorf("echo: %v, %v, want %d bytes", f, err, tt.want)
			}
		})
	}
}

// wrapped hides all of a ResponseWriter but its three methods.
type wrapped struct{ http.ResponseWriter }

// unwrapping is what a middleware should use.
type unwrapping struct{ wrapped }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestUpgradeHijacksThroughMiddleware(t *testing.T) {
	errs := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unwrapping" {
			w = unwrapping{wrapped{w}}
		} else {
			w = wrapped{w}
		}
		c, err := websocket.Upgrade(w, r, nil)
		if err == nil {
			c.CloseNow()
		}
		errs <- err
	}))
	defer srv.Close()
	c, err := websocket.Dial(background, srv.URL+"/unwrapping", nil)
	if err != nil || <-errs != nil {
		t.Fatalf("Dial() through a middleware that unwraps = %v", err)
	}
	c.CloseNow()
	_, err = websocket.Dial(background, srv.URL+"/wrapped", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != 500 {
		t.Errorf("Dial() through a middleware that hides = %v, want status 500", err)
	}
	if err := <-errs; !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), "Unwrap") {
		t.Errorf("Upgrade() = %v, want http.ErrNotSupported and what to do about it", err)
	}
}

func TestUpgradeSendsHeaderOfResponse(t *testing.T) {
	for _, tt := range []struct {
		name, field, value string
		want               string // as received
		err                error  // of Upgrade
	}{
		{name: "cookie", field: "Set-Cookie", value: "a=b", want: "a=b"},
		{name: "any spelling", field: "x-request-id", value: "7", want: "7"},
		{name: "tab and UTF-8", field: "X-Note", value: "ä\tb", want: "ä\tb"},
		{name: "of a body", field: "Content-Length", value: "5", want: ""},
		{name: "of the connection", field: "Connection", value: "close", want: "Upgrade"},
		{name: "CR LF", field: "X-Note", value: "a\r\nSet-Cookie: b", err: codec.MisuseHeader},
		{name: "NUL", field: "X-Note", value: "a\x00", err: codec.MisuseHeader},
		{name: "name", field: "X Note", value: "a", err: codec.MisuseHeader},
		{name: "name with a line", field: "X:a\r\nY", value: "a", err: codec.MisuseHeader},
		{name: "sub-protocol", field: "Sec-WebSocket-Protocol", value: "a", err: codec.MisuseReserved},
		{name: "extension", field: "sec-websocket-extensions", value: "a", err: codec.MisuseReserved},
	} {
		t.Run(tt.name, func(t *testing.T) {
			errs := make(chan error, 1)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()[tt.field] = []string{tt.value}
				c, err := websocket.Upgrade(w, r, nil)
				if err == nil {
					c.CloseNow()
				}
				errs <- err
			}))
			defer srv.Close()
			resp, _, _ := send(t, srv.Listener.Addr().String(), goodRequest)
			err := <-errs
			if tt.err != nil {
				if !errors.Is(err, tt.err) || resp.StatusCode != 500 {
					t.Errorf("Upgrade() = %v, status %d, want %v, 500", err, resp.StatusCode, tt.err)
				}
				return
			}
			if err != nil || resp.StatusCode != 101 {
				t.Fatalf("Upgrade() = %v, status %d", err, resp.StatusCode)
			}
			if v := resp.Header.Get(tt.field); v != tt.want {
				t.Errorf("header %s = %q, want %q", tt.field, v, tt.want)
			}
		})
	}
}

// newRequest returns a correct request, as net/http would hand it over.
func newRequest() *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/chat", nil)
	r.RequestURI = "/chat"
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"},
	}
	return r
}

// memoryWriter is a ResponseWriter whose connection is in memory and counts.
type memoryWriter struct {
	nc     net.Conn
	in     *bufio.ReadWriter
	header http.Header
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) Write(p []byte) (int, error) { return w.nc.Write(p) }

func (w *memoryWriter) WriteHeader(int) {}

func (w *memoryWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.nc, w.in, nil
}

type countingConn struct {
	net.Conn
	writes    int
	deadlines []time.Time
	written   []byte
	fail      error
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes++
	c.written = append(c.written[:0], p...)
	return len(p), c.fail
}

func (c *countingConn) SetDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines[:0], t)
	return nil
}

func (c *countingConn) SetReadDeadline(time.Time) error { return nil }

func (c *countingConn) SetWriteDeadline(time.Time) error { return nil }

func (c *countingConn) Close() error { return nil }

func newMemoryWriter(nc net.Conn) *memoryWriter {
	return &memoryWriter{nc: nc, in: bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc)), header: http.Header{}}
}

func TestUpgradeAnswersInOneWrite(t *testing.T) {
	nc := &countingConn{}
	w := newMemoryWriter(nc)
	w.header.Set("X-Note", "a")
	c, err := websocket.Upgrade(w, newRequest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if nc.writes != 1 || !strings.HasSuffix(string(nc.written), "\r\nX-Note: a\r\n\r\n") {
		t.Errorf("101 went out in %d writes, the last one %q, want one", nc.writes, nc.written)
	}
	if len(nc.deadlines) != 1 || !nc.deadlines[0].IsZero() {
		t.Errorf("last deadline = %v, want none", nc.deadlines)
	}
}

func TestUpgradeTakesRequestOfProgram(t *testing.T) {
	r := newRequest()
	r.RequestURI = "" // as in a request that http.NewRequest has made
	c, err := websocket.Upgrade(newMemoryWriter(&countingConn{}), r, nil)
	if err != nil {
		t.Fatalf("Upgrade() = %v", err)
	}
	c.CloseNow()
}

func TestUpgradeReportsFailedWrite(t *testing.T) {
	broken := errors.New("broken pipe")
	var hooked error
	opts := &websocket.Options{Hooks: websocket.Hooks{Refused: func(r *websocket.Request, err error) {
		remote := r.RemoteAddr()
		hooked = err
		if remote.Network() != "tcp" || remote.String() != newRequest().RemoteAddr {
			t.Errorf("hook got the address %v %v", remote.Network(), remote)
		}
	}}}
	_, err := websocket.Upgrade(newMemoryWriter(&countingConn{fail: broken}), newRequest(), opts)
	if !errors.Is(err, broken) || hooked != err {
		t.Errorf("Upgrade() = %v, hook got %v, want %v in both", err, hooked, broken)
	}
}

func TestUpgradeOutlivesDeadlinesOfServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe.New()
		srv := &http.Server{
			Handler:     upgradeTo(t, forms["events"], nil),
			ReadTimeout: time.Second, WriteTimeout: time.Second, IdleTimeout: time.Second,
		}
		ln := &oneListener{conn: far, closed: make(chan struct{})}
		go srv.Serve(ln)
		c, err := websocket.Dial(t.Context(), "ws://example.com", &websocket.DialOptions{
			Proxy:   noProxy,
			NetDial: func(context.Context, string, string) (net.Conn, error) { return near, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		wantEcho(t, c, "still there")
		c.Close(websocket.StatusNormalClosure, "")
		srv.Close()
		synctest.Wait()
	})
}

// oneListener accepts one connection.
type oneListener struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneListener) Accept() (net.Conn, error) {
	if nc := l.conn; nc != nil {
		l.conn = nil
		return nc, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneListener) Close() error { close(l.closed); return nil }

func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestUpgradeTakesLargeRequests(t *testing.T) {
	srv := httptest.NewServer(upgradeTo(t, forms["events"], nil))
	defer srv.Close()
	c, err := websocket.Dial(background, srv.URL, &websocket.DialOptions{Header: http.Header{
		"Cookie": {strings.Repeat("x", 100_000)}, // net/http's limits hold, not the codec's
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, c, "hello")
	c.CloseNow()
}

// An upgrade allocates the Conn and its timer, beside what net/http does, and nothing for
// options that are shared.
func TestUpgradeAllocatesTheConn(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	shared := &websocket.Options{Subprotocols: []string{"a"}, Origins: []string{"https://app.example.org"}}
	for name, upgrade := range map[string]func(http.ResponseWriter, *http.Request) (*websocket.Conn, error){
		"no options": func(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
			return websocket.Upgrade(w, r, nil)
		},
		"Upgrader": (&websocket.Upgrader{Options: *shared}).Upgrade,
	} {
		t.Run(name, func(t *testing.T) {
			w, r := newMemoryWriter(&countingConn{}), newRequest()
			const most = 3 // the Conn, and the timer that sees whether it is read
			got := allocations(100, most, func() {
				c, err := upgrade(w, r)
				if err != nil {
					t.Fatal(err)
				}
				c.CloseNow()
			})
			if got > most {
				t.Errorf("Upgrade allocates %v times, want %v at most", got, most)
			}
		})
	}
}
