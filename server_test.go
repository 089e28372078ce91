package websocket_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestServerRefuses sends what is wrong for this server, beside what is wrong
// for everybody (requestCases).
func TestServerRefuses(t *testing.T) {
	srv := &websocket.Server{
		Options: websocket.Options{Logger: quiet},
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			switch r.Path() {
			case "/chat":
				return forms["events"], nil
			case "/private":
				return nil, &websocket.HandshakeError{Status: http.StatusUnauthorized, Reason: "sign in first\r\nInjected: yes"}
			case "/wrong-status":
				return nil, &websocket.HandshakeError{Status: 200, Reason: "secret"}
			case "/fails":
				return nil, errors.New("secret")
			case "/panics":
				panic("secret")
			}
			return nil, nil
		},
	}
	addr := serve(t, srv)
	for _, tt := range []struct {
		name, request string
		status        int
		body          string
	}{
		{"Route knows no such path", strings.Replace(goodRequest, "/chat", "/other", 1), 404, "no such endpoint\n"},
		{"Route wants a user", strings.Replace(goodRequest, "/chat", "/private", 1), 401, "sign in first\r\n"},
		{"Route refuses with a status that is none", strings.Replace(goodRequest, "/chat", "/wrong-status", 1), 500, "Internal Server Error\n"},
		{"Route fails", strings.Replace(goodRequest, "/chat", "/fails", 1), 500, "Internal Server Error\n"},
		{"Route panics", strings.Replace(goodRequest, "/chat", "/panics", 1), 500, "Internal Server Error\n"},
		{"Route is not asked for another origin", strings.Replace(plus("Origin: http://evil.com"), "/chat", "/panics", 1), 403, "origin \"http://evil.com\" not allowed for host \"example.com\"\n"},
		{"no upgrade", "GET / HTTP/1.1\nHost: example.com\n\n", 426, "Upgrade header does not name websocket: connect with a WebSocket client, and have proxies pass on Upgrade and Connection\n"},
		{"a form", "POST /chat HTTP/1.1\nHost: example.com\nContent-Length: 0\n\n", 405, "method is not GET\n"},
		{"a head that is too large", plus("X: " + strings.Repeat("x", codec.MaxHeadBytes)), 431, "head larger than the limit\n"},
		{"too many lines", plus(strings.TrimSuffix(strings.Repeat("X: y\n", codec.MaxHeadLines+1), "\n")), 431, "too many header lines\n"},
		{"no HTTP", "SSH-2.0-client\n\n", 400, "malformed request line\n"},
		{"HTTP/2 without upgrade", "PRI * HTTP/2.0\n\nSM\n\n", 400, "not HTTP/1.1: a WebSocket over HTTP/2 or HTTP/3 is asked for with extended CONNECT (RFC 8441, RFC 9220), not with Upgrade\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, _ := send(t, addr, tt.request)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("response: %d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
			if !resp.Close || resp.Header.Get("Injected") != "" {
				t.Errorf("header: %v, want Connection: close, and nothing that was not meant", resp.Header)
			}
		})
	}
	resp, _, _ := send(t, addr, goodRequest)
	if resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("afterwards a good request gets %d %v, want 101", resp.StatusCode, resp.Header)
	}
}

func TestServerWithoutAHandler(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := new(websocket.Server).Serve(ln); err == nil || !strings.Contains(err.Error(), "Handler") {
		t.Errorf("Serve() = %v, want an error that names Handler", err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept() = %v, want the listener closed", err)
	}
}

func TestMaxConns(t *testing.T) {
	t.Parallel()
	addr := serve(t, &websocket.Server{Handler: forms["events"], MaxConns: 2})
	first := upgraded(t, addr)
	second := upgraded(t, addr)
	resp, body, third := send(t, addr, goodRequest)
	if resp.StatusCode != 503 || body != "too many connections\n" {
		t.Errorf("a third connection gets %d %q, want 503", resp.StatusCode, body)
	}
	defer third.Close() // it stays for a second, and does not count
	first.Close()
	for start := time.Now(); ; { // without a pause: those that are refused do not count, either
		resp, _, nc := send(t, addr, goodRequest)
		defer nc.Close()
		if resp.StatusCode == 101 {
			break
		}
		if time.Since(start) > patience {
			t.Fatalf("after one has gone a connection gets %d, want 101", resp.StatusCode)
		}
	}
	wantEchoOn(t, second, "still there")
}

// wantEchoOn sends a message to an echo server on nc, as a client.
func wantEchoOn(t *testing.T, nc net.Conn, message string) {
	t.Helper()
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := nc.Write(wstest.Text(message).AppendMasked(nil, wstest.RFCKey)); err != nil {
		t.Fatal(err)
	}
	if f, _, err := wstest.ReadFrame(nc); err != nil || string(f.Payload) != message {
		t.Fatalf("the echo of %q is %v, %v", message, f, err)
	}
}

// TestPromise16SlowHandshakesEndOnSockets are closed, whatever they dribble.
func TestPromise16SlowHandshakesEndOnSockets(t *testing.T) {
	t.Parallel()
	const limit = 200 * time.Millisecond
	addr := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{HandshakeTimeout: limit}})
	for _, tt := range []struct {
		name    string
		dribble string
	}{
		{"nothing", ""},
		{"byte by byte", strings.ReplaceAll(goodRequest, "\n", "\r\n")},
		{"header after header", "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 100)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start, clock := time.Now(), testkit.StartClock(t) // before the server can accept
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			go func() {
				for i := range len(tt.dribble) - 1 {
					if _, err := io.WriteString(nc, tt.dribble[i:i+1]); err != nil {
						return
					}
					time.Sleep(limit / 20)
				}
			}()
			nc.SetReadDeadline(start.Add(patience))
			if n, err := nc.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read() = %d, %v; want the end of the connection", n, err)
			}
			if d := time.Since(start); d < limit || clock.Elapsed() > 5*time.Second {
				t.Errorf("the connection was closed after %v, want %v", d, limit)
			}
		})
	}
}

func TestPromise15EarlyFramesAreKept(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			addr := serve(t, &websocket.Server{Handler: h})
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			wire := []byte(strings.ReplaceAll(goodRequest, "\n", "\r\n"))
			wire = wstest.Text("early").AppendMasked(wire, wstest.RFCKey)
			late := wstest.Text("bird").AppendMasked(nil, wstest.RFCKey)
			if _, err := nc.Write(append(wire, late[:4]...)); err != nil {
				t.Fatal(err)
			}
			nc.SetReadDeadline(time.Now().Add(patience))
			head := make([]byte, 0, 512)
			for !strings.HasSuffix(string(head), "\r\n\r\n") {
				var b [1]byte
				if _, err := nc.Read(b[:]); err != nil {
					t.Fatalf("after %q: %v", head, err)
				}
				head = append(head, b[0])
			}
			if f, _, err := wstest.ReadFrame(nc); err != nil || string(f.Payload) != "early" {
				t.Errorf("the frame behind the handshake is answered by %v, %v", f, err)
			}
			if _, err := nc.Write(late[4:]); err != nil {
				t.Fatal(err)
			}
			if f, _, err := wstest.ReadFrame(nc); err != nil || string(f.Payload) != "bird" {
				t.Errorf("the frame that was cut is answered by %v, %v", f, err)
			}
		})
	}
}

func TestServerChoosesTheSubprotocol(t *testing.T) {
	chosen := make(chan string, 1)
	addr := serve(t, &websocket.Server{
		Handler: &hooked{where: "Open", do: func(c *websocket.Conn) { chosen <- c.Subprotocol() }},
		Options: websocket.Options{Subprotocols: []string{"v2.chat", "v1.chat"}},
	})
	for _, tt := range []struct{ offer, want string }{
		{"v1.chat, v2.chat", "v2.chat"},
		{"v1.chat", "v1.chat"},
		{"v3.chat,v1.chat", "v1.chat"},
		{"V1.chat", ""}, // names are compared exactly
		{"v1", ""},
		{"", ""},
	} {
		request := goodRequest
		if tt.offer != "" {
			request = plus("Sec-WebSocket-Protocol: " + tt.offer)
		}
		resp, _, _ := send(t, addr, request)
		if got := resp.Header.Get("Sec-WebSocket-Protocol"); resp.StatusCode != 101 || got != tt.want {
			t.Errorf("offer %q: response %d with %q, want %q", tt.offer, resp.StatusCode, got, tt.want)
		}
		if got := <-chosen; got != tt.want {
			t.Errorf("offer %q: Subprotocol() = %q, want %q", tt.offer, got, tt.want)
		}
	}
}

func TestServerOverTLS(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates.TLS.Certificates})
			if err != nil {
				t.Fatal(err)
			}
			addr := serveOn(t, &websocket.Server{Handler: h}, ln)
			c, err := websocket.Dial(background, "wss://"+addr, &websocket.DialOptions{
				TLSConfig: certificates.Client().Transport.(*http.Transport).TLSClientConfig,
				Host:      "example.com",
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			for _, size := range []int{5, 20_000, 500_000} {
				want := string(wstest.TextPayload(size))
				if err := c.Write(background, websocket.OpText, []byte(want)); err != nil {
					t.Fatal(err)
				}
				if _, p, err := c.Read(background); err != nil || string(p) != want {
					t.Fatalf("Read() = %d bytes, %v; want the echo of %d", len(p), err, size)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close() = %v, want nil", err)
			}
		})
	}
}

func TestHTTPBesideSockets(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body))
	})
	addr := serve(t, &websocket.Server{Handler: forms["events"], HTTP: page})
	for _, tt := range []struct{ name, request, body string }{
		{"a page", "GET /page HTTP/1.1\nHost: example.com\nConnection: close\n\n", "GET /page "},
		{"a form", "POST /form HTTP/1.1\nHost: example.com\nConnection: close\nContent-Length: 3\n\nabc", "POST /form abc"},
		{"an upgrade to something else", with("Connection: Upgrade", "Connection: close"), "GET /chat "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, _ := send(t, addr, tt.request)
			if resp.StatusCode != 200 || body != tt.body {
				t.Errorf("response: %d %q, want 200 %q", resp.StatusCode, body, tt.body)
			}
		})
	}
	resp, body, _ := send(t, addr, with("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"))
	if resp.StatusCode != 426 {
		t.Errorf("a wrong opening handshake gets %d %q, want 426", resp.StatusCode, body)
	}
	wantEchoOn(t, upgraded(t, addr), "hello")
}
