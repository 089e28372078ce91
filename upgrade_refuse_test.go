package websocket_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// send writes a request, in CRLF lines, to addr and returns the response.
func send(t testing.TB, addr, request string) (resp *http.Response, body string, nc net.Conn) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	clock := testkit.StartClock(t)
	defer clock.Stop()
	if _, err := io.WriteString(nc, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(nc)
	resp, err = http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("response to %q: %v", request, err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, "", nc
	}
	b, err := io.ReadAll(resp.Body)
	if took := clock.Elapsed(); took > 5*time.Second { // half of HandshakeTimeout, which would end the connection, too
		t.Errorf("the response to %q is complete after %v", request, took)
	}
	if err != nil {
		t.Fatalf("body of the response to %q: %v", request, err)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after the response to %q: %q, %v, want the end of the connection", request, rest, err)
	}
	return resp, string(b), nc
}

// with returns goodRequest with a line changed, or left out if new is "".
func with(old, new string) string {
	if !strings.Contains(goodRequest, old+"\n") {
		panic("no line " + old)
	}
	if new != "" {
		new += "\n"
	}
	return strings.Replace(goodRequest, old+"\n", new, 1)
}

// plus returns goodRequest with another line.
func plus(line string) string { return with("Host: example.com", "Host: example.com\n"+line) }

// requestCases are requests that the opening handshake refuses, one rule each.
var requestCases = []struct {
	name, request string
	refusal       codec.Refusal // 0: net/http has refused before
	status        int
}{
	{"POST", with("GET /chat HTTP/1.1", "POST /chat HTTP/1.1"), codec.ErrMethod, 405},
	{"HTTP/1.0", with("GET /chat HTTP/1.1", "GET /chat HTTP/1.0"), codec.ErrHTTP10, 400},
	{"no Upgrade", with("Upgrade: websocket", ""), codec.ErrUpgrade, 426},
	{"Upgrade to something else", with("Upgrade: websocket", "Upgrade: h2c"), codec.ErrUpgrade, 426},
	{"no Connection", with("Connection: Upgrade", ""), codec.ErrConnection, 426},
	{"Connection names something like it", with("Connection: Upgrade", "Connection: upgrades"), codec.ErrConnection, 426},
	{"no version", with("Sec-WebSocket-Version: 13", ""), codec.ErrVersion, 426},
	{"version 8", with("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), codec.ErrVersion, 426},
	{"two versions", plus("Sec-WebSocket-Version: 13"), codec.ErrVersionTwice, 400},
	{"no key", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ""), codec.ErrKeyMissing, 400},
	{"two keys", plus("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), codec.ErrKeyTwice, 400},
	{"short key", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: c2hvcnQ="), codec.ErrKey, 400},
	{"body", plus("Content-Length: 3") + "abc", codec.ErrBody, 400},
	{"chunked body", plus("Transfer-Encoding: chunked") + "0\n\n", codec.ErrBody, 400},
	{"sub-protocol twice", plus("Sec-WebSocket-Protocol: a, a"), codec.ErrSubprotocolTwice, 400},
	{"two origins", plus("Origin: http://example.com\nOrigin: http://example.com"), codec.ErrOriginTwice, 400},
	{"another origin", plus("Origin: http://evil-example.com"), codec.ErrOrigin, 403},
	{"origin below", plus("Origin: http://evil.example.com"), codec.ErrOrigin, 403},
	{"null origin", plus("Origin: null"), codec.ErrOrigin, 403},
	{"another port's origin", plus("Origin: http://example.com:8080"), codec.ErrOrigin, 403},
	{"no Host", with("Host: example.com", ""), 0, 400},
	{"two Hosts", plus("Host: example.com"), 0, 400},
}

func TestPromise14UpgradeIsGrantedByTheBook(t *testing.T) {
	var got error
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, got = websocket.Upgrade(w, r, nil)
	}))
	defer srv.Close()
	for _, tt := range requestCases {
		t.Run(tt.name, func(t *testing.T) {
			got = nil
			resp, body, _ := send(t, srv.Listener.Addr().String(), tt.request)
			if resp.StatusCode != tt.status {
				t.Errorf("status = %d, want %d", resp.StatusCode, tt.status)
			}
			if !resp.Close {
				t.Errorf("Connection = %q, want close", resp.Header["Connection"])
			}
			if tt.refusal == 0 {
				return
			}
			refused, ok := errors.AsType[*websocket.HandshakeError](got)
			if !ok || refused.Status != tt.status || refused.Reason+"\n" != body {
				t.Errorf("Upgrade() = %v, want a HandshakeError with status %d and reason %q", got, tt.status, body)
			}
			if refusal, ok := errors.AsType[codec.Refusal](got); !ok || refusal != tt.refusal {
				t.Errorf("Upgrade() = %v, want it to wrap %v", got, tt.refusal)
			}
			want := map[string]string{}
			switch tt.status {
			case 405:
				want["Allow"] = "GET"
			case 426:
				want["Upgrade"], want["Sec-Websocket-Version"] = "websocket", "13"
			}
			for name, value := range want {
				if v := resp.Header.Get(name); v != value {
					t.Errorf("header %s = %q, want %q", name, v, value)
				}
			}
		})
	}
}

// One set of rules: what Upgrade refuses and accepts, Server does, and so.
func TestPromise14ServerAndUpgradeAgree(t *testing.T) {
	opts := websocket.Options{Origins: []string{"https://app.example.org"}, Subprotocols: []string{"b", "a"}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Upgrade(w, r, &opts); err == nil {
			c.CloseNow()
		}
	}))
	defer srv.Close()
	own := serve(t, &websocket.Server{Handler: forms["events"], Options: opts})
	requests := map[string]string{
		"good":                 goodRequest,
		"good origin":          plus("Origin: https://app.example.org"),
		"own origin":           plus("Origin: http://EXAMPLE.com:80"),
		"sub-protocols":        plus("Sec-WebSocket-Protocol: a, b"),
		"unknown sub-protocol": plus("Sec-WebSocket-Protocol: c"),
		"absolute form":        with("GET /chat HTTP/1.1", "GET http://other.example/chat HTTP/1.1"),
		"absolute form, origin of the Host header": strings.Replace(plus("Origin: http://example.com"), "/chat", "http://other.example/chat", 1),
		"absolute form, its own origin":            strings.Replace(plus("Origin: http://other.example"), "/chat", "http://other.example/chat", 1),
	}
	for _, tt := range requestCases {
		requests[tt.name] = tt.request
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			a, aBody, _ := send(t, srv.Listener.Addr().String(), request)
			b, bBody, _ := send(t, own, request)
			if a.StatusCode != b.StatusCode {
				t.Errorf("Upgrade answers %d %q, Server %d %q", a.StatusCode, aBody, b.StatusCode, bBody)
			}
			for _, name := range []string{"Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Upgrade", "Allow"} {
				if a.Header.Get(name) != b.Header.Get(name) {
					t.Errorf("%s: Upgrade sends %q, Server %q", name, a.Header.Get(name), b.Header.Get(name))
				}
			}
		})
	}
}

func TestUpgradeRefusesHTTP2(t *testing.T) {
	var conns []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conns = append(conns, r.RemoteAddr)
		_, err := websocket.Upgrade(w, r, nil)
		if !errors.Is(err, codec.ErrHTTPMajor) {
			t.Errorf("Upgrade() of %s = %v, want ErrHTTPMajor", r.Proto, err)
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	for range 2 {
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != 400 || !strings.Contains(string(body), "extended CONNECT") {
			t.Errorf("response: %s %d %q, want HTTP/2.0 400, and why", resp.Proto, resp.StatusCode, body)
		}
	}
	if len(conns) != 2 || conns[0] != conns[1] {
		t.Errorf("requests came from %q: want one connection, which others may use", conns)
	}
}

// Requests of other versions get, by every way in, a status and words that help, and no 505.
func TestOtherVersionsOfHTTPAreHelped(t *testing.T) {
	srv := &websocket.Server{Handler: forms["events"]}
	defer srv.Close()
	for way, handler := range map[string]http.Handler{
		"Upgrade": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := websocket.Upgrade(w, r, nil); err == nil {
				c.CloseNow()
			}
		}),
		"Server.Upgrade": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := srv.Upgrade(w, r); err == nil {
				c.CloseNow()
			}
		}),
		"ServeHTTP":    srv,
		"WriteRefusal": http.HandlerFunc(websocket.WriteRefusal),
	} {
		hs := httptest.NewUnstartedServer(handler)
		hs.EnableHTTP2 = true
		hs.StartTLS()
		defer hs.Close()
		plain := httptest.NewServer(handler)
		defer plain.Close()
		for _, tt := range []struct {
			name, request string // "" for HTTP/2
			status        int
			says          string
		}{
			{"HTTP/2", "", 400, "extended CONNECT"},
			{"HTTP/1.1", "GET / HTTP/1.1\nHost: a\n\n", 426, "Upgrade header does not name websocket"},
			{"HTTP/1.0", "GET / HTTP/1.0\nHost: a\n\n", 400, "proxy_http_version 1.1"},
			{"HTTP/1.0, upgrade", strings.Replace(goodRequest, "HTTP/1.1", "HTTP/1.0", 1), 400, "proxy_http_version 1.1"},
		} {
			t.Run(way+"/"+tt.name, func(t *testing.T) {
				var resp *http.Response
				var body string
				if tt.request != "" {
					resp, body, _ = send(t, plain.Listener.Addr().String(), tt.request)
				} else {
					var err error
					if resp, err = hs.Client().Get(hs.URL); err != nil {
						t.Fatal(err)
					}
					text, _ := io.ReadAll(resp.Body)
					resp.Body.Close()
					body = string(text)
				}
				if resp.StatusCode != tt.status || !strings.Contains(body, tt.says) || tt.request == "" && resp.ProtoMajor != 2 {
					t.Errorf("response: %s %d %q, want %d and %q", resp.Proto, resp.StatusCode, body, tt.status, tt.says)
				}
			})
		}
	}
}

// A program's own request may be anything: it cannot smuggle in a line.
func TestPromise19UpgradeInjectsNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		want   codec.Refusal
	}{
		{"method", func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\nX:" }, codec.ErrHeaderValue},
		{"value", func(r *http.Request) { r.Header.Set("Origin", "http://a\r\nUpgrade: websocket") }, codec.ErrHeaderValue},
		{"CR", func(r *http.Request) { r.Header.Set("Origin", "http://a\r") }, codec.ErrLineEnd},
		{"LF", func(r *http.Request) { r.Header.Set("Origin", "http://a\n") }, codec.ErrHeaderValue},
		{"NUL", func(r *http.Request) { r.Header.Set("Origin", "http://a\x00") }, codec.ErrHeaderValue},
		{"transfer coding", func(r *http.Request) { r.TransferEncoding = []string{"a\r\nb: c"} }, codec.ErrHeaderValue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest()
			tt.change(r)
			w := httptest.NewRecorder()
			_, err := websocket.Upgrade(w, r, nil)
			if !errors.Is(err, tt.want) || w.Code != tt.want.HTTPStatus() {
				t.Errorf("Upgrade() = %v, status %d, want %v", err, w.Code, tt.want)
			}
		})
	}
}
