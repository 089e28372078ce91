package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// What net/http has accepted of a request is accepted, by every way in.
func TestUpgradeBehindNetHTTPHasItsLimits(t *testing.T) {
	srv := &websocket.Server{Handler: forms["events"]}
	defer srv.Close()
	routed := &websocket.Server{Route: func(r *websocket.Request) (websocket.Handler, error) {
		if !strings.HasPrefix(r.Path(), "/") || r.Header("Sec-WebSocket-Version") != "13" {
			return nil, fmt.Errorf("path %q, fields missing", r.Path())
		}
		return forms["events"], nil
	}, Options: websocket.Options{Logger: quiet}}
	defer routed.Close()
	ways := map[string]http.HandlerFunc{
		"Upgrade": upgradeTo(t, forms["events"], nil).ServeHTTP,
		"Server.Upgrade": func(w http.ResponseWriter, r *http.Request) {
			if c, err := srv.Upgrade(w, r); err == nil {
				c.Serve(forms["events"])
			}
		},
		"ServeHTTP":            srv.ServeHTTP,
		"ServeHTTP with Route": routed.ServeHTTP,
	}
	for way, handler := range ways {
		hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header["Host"] = []string{"some.middleware", "has set it"}
			handler(w, r)
		}))
		defer hs.Close()
		for _, tt := range []struct{ name, request string }{
			{"a cookie of 20 KB", plus("Cookie: " + strings.Repeat("x", 20_000))},
			{"a query of 20 KB", strings.Replace(goodRequest, "/chat", "/chat?q="+strings.Repeat("x", 20_000), 1)},
			{"a query of 100 KB", strings.Replace(goodRequest, "/chat", "/chat?q="+strings.Repeat("x", 100_000), 1)},
			{"300 header lines", plus(strings.TrimSuffix(strings.Repeat("X: y\n", 300), "\n"))},
			{"raw UTF-8 in the path", strings.Replace(goodRequest, "/chat", "/ch\u00e4t", 1)},
			{"a Host with an escape", with("Host: example.com", "Host: ex%20ample.com")},
			{"an empty Host", with("Host: example.com", "Host:")},
			{"500 extension offers", plus("Sec-WebSocket-Extensions: " + strings.Repeat("x-none, ", 499) + "permessage-deflate")},
		} {
			t.Run(way+"/"+tt.name, func(t *testing.T) {
				resp, body, nc := send(t, hs.Listener.Addr().String(), tt.request)
				if resp.StatusCode != 101 {
					t.Fatalf("response: %d %q, want 101", resp.StatusCode, body)
				}
				wantEchoOn(t, nc, "hello")
			})
		}
	}
}

func TestServerHeadLimitsAreOptions(t *testing.T) {
	defaults := serve(t, &websocket.Server{Handler: forms["events"]})
	wide := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{MaxHeadBytes: 1 << 20, MaxHeadFields: 2000}})
	refused := make(chan error, 1)
	narrow := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{
		MaxHeadBytes: 300, MaxHeadFields: 10,
		Hooks: websocket.Hooks{Refused: func(_ *websocket.Request, err error) { refused <- err }},
	}})
	lines := func(n int) string { return plus(strings.TrimSuffix(strings.Repeat("X: y\n", n), "\n")) }
	for _, tt := range []struct {
		name, addr, request string
		status              int
		says                string // in the error of the narrow server
	}{
		{"a token of 60 KB", defaults, plus("Authorization: Bearer " + strings.Repeat("x", 60_000)), 101, ""},
		{"250 fields", defaults, lines(250), 101, ""},
		{"500 extension offers", defaults, plus("Sec-WebSocket-Extensions: " + strings.Repeat("x-none, ", 499) + "permessage-deflate"), 101, ""},
		{"above the default", defaults, plus("X: " + strings.Repeat("x", 70_000)), 431, ""},
		{"500 KB, allowed", wide, plus("X: " + strings.Repeat("x", 500_000)), 101, ""},
		{"1,500 fields, allowed", wide, lines(1500), 101, ""},
		{"more than few bytes", narrow, plus("X: " + strings.Repeat("x", 300)), 431, "Options.MaxHeadBytes"},
		{"more than few fields", narrow, lines(11), 431, "Options.MaxHeadFields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, nc := send(t, tt.addr, tt.request)
			nc.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("response: %d %q, want %d", resp.StatusCode, body, tt.status)
			}
			if tt.says == "" {
				return
			}
			if err := <-refused; !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Refused got %v, want it to name %s", err, tt.says)
			}
		})
	}
}

func TestRouteBehindStripPrefix(t *testing.T) {
	type key struct{}
	var path, value string
	srv := &websocket.Server{Route: func(r *websocket.Request) (websocket.Handler, error) {
		path, value = r.Path(), fmt.Sprint(r.Context().Value(key{}))
		return forms["events"], nil
	}}
	defer srv.Close()
	hs := httptest.NewServer(http.StripPrefix("/api", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "the user")))
	})))
	defer hs.Close()
	resp, body, nc := send(t, hs.Listener.Addr().String(), strings.Replace(goodRequest, "/chat", "/api/chat", 1))
	nc.Close()
	if resp.StatusCode != 101 || path != "/chat" || value != "the user" {
		t.Errorf("response: %d %q, Route saw the path %q and the value %q, want /chat and the middleware's", resp.StatusCode, body, path, value)
	}
}

// What describes a body does not go out with the 101, the rest does; and middlewares that
// wrap the ResponseWriter see the status.
func TestUpgradeBehindMiddlewares(t *testing.T) {
	for _, tt := range []struct {
		name string
		wrap func(w http.ResponseWriter, status *int) http.ResponseWriter
	}{
		{"none", func(w http.ResponseWriter, status *int) http.ResponseWriter { *status = 101; return w }},
		{"with Unwrap", func(w http.ResponseWriter, status *int) http.ResponseWriter { return &unwrapper{w, status} }},
		{"with Hijack", func(w http.ResponseWriter, status *int) http.ResponseWriter {
			return &hijacking{noting{w, status}}
		}},
		{"that only notes", func(w http.ResponseWriter, status *int) http.ResponseWriter { return &lazy{unwrapper{w, status}} }},
		{"two", func(w http.ResponseWriter, status *int) http.ResponseWriter {
			return &unwrapper{&lazy{unwrapper{w, new(int)}}, status}
		}},
		{"one that passes the status on around one that only notes it", func(w http.ResponseWriter, status *int) http.ResponseWriter {
			return &lazy{unwrapper{&unwrapper{w, status}, new(int)}}
		}},
		{"Unwrap around a Hijack that fails", func(w http.ResponseWriter, status *int) http.ResponseWriter {
			return &asserting{ResponseWriter: &unwrapper{w, status}}
		}},
		{"Unwrap around a Hijack that panics", func(w http.ResponseWriter, status *int) http.ResponseWriter {
			return &asserting{ResponseWriter: &unwrapper{w, status}, panics: true}
		}},
	} {
		for _, keepAlive := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, keep-alive %v", tt.name, keepAlive), func(t *testing.T) {
				status := make(chan int, 1)
				hs := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					seen := 0
					w = tt.wrap(w, &seen)
					for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Length", "Etag", "Trailer"} {
						w.Header().Set(name, "1")
					}
					w.Header().Set("Set-Cookie", "a=b")
					c, err := websocket.Upgrade(w, r, &websocket.Options{Subprotocols: []string{"b"}})
					status <- seen
					if err != nil {
						t.Errorf("Upgrade() = %v", err)
						return
					}
					c.Serve(forms["events"])
				}))
				hs.Config.SetKeepAlivesEnabled(keepAlive)
				hs.Start()
				defer hs.Close()
				var header http.Header
				c, err := websocket.Dial(background, hs.URL, &websocket.DialOptions{
					Proxy: noProxy, Options: websocket.Options{Subprotocols: []string{"a", "b"}},
					Accepted: func(h http.Header) error { header = h; return nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.CloseNow()
				wantEcho(t, c, "hello")
				for name := range header {
					if strings.HasPrefix(name, "Content-") || name == "Etag" || name == "Trailer" {
						t.Errorf("the 101 has %s: %q", name, header[name])
					}
				}
				if got := <-status; got != 101 || header.Get("Set-Cookie") != "a=b" || c.Subprotocol() != "b" {
					t.Errorf("the middleware saw %d, the client %v", got, header)
				}
			})
		}
	}
}

// noting notes the status, and passes it on.
type noting struct {
	http.ResponseWriter
	status *int
}

func (w *noting) WriteHeader(status int) { *w.status = status; w.ResponseWriter.WriteHeader(status) }

type hijacking struct{ noting }

func (w *hijacking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

type unwrapper struct {
	http.ResponseWriter
	status *int
}

func (w *unwrapper) WriteHeader(status int) {
	*w.status = status
	w.ResponseWriter.WriteHeader(status)
}
func (w *unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// asserting has a Hijack as many have, which wants the same of what is inside.
type asserting struct {
	http.ResponseWriter
	panics bool
}

func (w *asserting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.panics {
		return w.ResponseWriter.(http.Hijacker).Hijack()
	}
	if h, ok := w.ResponseWriter.(http.Hijacker); ok {
		return h.Hijack()
	}
	return nil, nil, errors.New("there is no Hijacker")
}

// lazy passes the status on with the body only.
type lazy struct{ unwrapper }

func (w *lazy) WriteHeader(status int) { *w.status = status }

// A panic of a Hijack is passed on, unless it says that there is no Hijacker inside.
func TestUpgradePassesOnPanics(t *testing.T) {
	defer func() {
		if p := recover(); p != "disk full" {
			t.Errorf("Upgrade() panicked with %v, want what Hijack panicked with", p)
		}
	}()
	websocket.Upgrade(panicking{httptest.NewRecorder()}, newRequest(), nil)
	t.Error("Upgrade() returned")
}

type panicking struct{ http.ResponseWriter }

func (panicking) Hijack() (net.Conn, *bufio.ReadWriter, error) { panic("disk full") }

// Over HTTP/2 messages go past what changes bodies, and the status does not.
func TestUpgradeHTTP2BehindMiddlewares(t *testing.T) {
	body, peer := io.Pipe()
	r := httptest.NewRequest("CONNECT", "https://example.com/chat", body)
	r.ProtoMajor = 2
	r.Header = http.Header{":protocol": {"websocket"}, "Sec-Websocket-Version": {"13"}}
	recorder, status := httptest.NewRecorder(), 0
	c, err := websocket.Upgrade(&shouting{hijacking{noting{recorder, &status}}}, r, nil)
	if err != nil {
		t.Fatalf("Upgrade() = %v", err)
	}
	peer.Close()
	c.Write(background, websocket.OpText, []byte("hello"))
	c.CloseNow() // the stream is no longer used
	if got := recorder.Body.Bytes(); string(got) != "\x81\x05hello" || recorder.Code != 200 || status != 200 {
		t.Errorf("sent %q with status %d, the middleware saw %d, want the frame of hello and 200", got, recorder.Code, status)
	}
}

// shouting changes bodies, as what compresses them does, and has no Unwrap.
type shouting struct{ hijacking }

func (w *shouting) Write(p []byte) (int, error) { return w.ResponseWriter.Write(bytes.ToUpper(p)) }

// Server.HTTP serves what net/http serves, and keeps connections alive, on which an
// upgrade may follow.
func TestServerHTTPServesWhatNetHTTPServes(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "TLS: %v", r.TLS != nil) })
	s := &websocket.Server{HTTP: page, Handler: forms["events"], Options: websocket.Options{Logger: quiet}}
	addr := serve(t, s)
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"HAProxy's default probe", "OPTIONS / HTTP/1.0\n\n", 200},
		{"the default of nginx", "GET / HTTP/1.0\nHost: a\nConnection: close\n\n", 200},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\nHost: a\nConnection: close\n\n", 200},
		{"a cookie of 200 KB", "GET / HTTP/1.1\nHost: a\nConnection: close\nCookie: " + strings.Repeat("x", 200_000) + "\n\n", 200},
		{"300 fields", "GET / HTTP/1.1\nHost: a\nConnection: close\n" + strings.Repeat("X: y\n", 300) + "\n", 200},
		{"raw UTF-8 in the path", "GET /\u00fc HTTP/1.1\nHost: a\nConnection: close\n\n", 200},
		{"what is no HTTP", "SSH-2.0-client\n\n", 400},
		{"an upgrade with HTTP/1.0", with("GET /chat HTTP/1.1", "GET /chat HTTP/1.0"), 400},
		{"an upgrade with 300 fields", plus(strings.TrimSuffix(strings.Repeat("X: y\n", 300), "\n")), 431},
		{"an upgrade with a raw UTF-8 path", strings.Replace(goodRequest, "/chat", "/\u00fc", 1), 400},
		{"an upgrade of another version", with("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), 426},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if resp, body, _ := send(t, addr, tt.request); resp.StatusCode != tt.status {
				t.Errorf("response: %d %q, want %d", resp.StatusCode, body, tt.status)
			}
		})
	}
	t.Run("keep-alive, and then an upgrade", func(t *testing.T) {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		in := bufio.NewReader(nc)
		for range 3 {
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
		}
		io.WriteString(nc, strings.ReplaceAll(goodRequest, "\n", "\r\n"))
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("the upgrade: %v, %v", resp, err)
		}
		wantEchoOn(t, nc, "hello")
	})
	t.Run("TLS", func(t *testing.T) {
		hs := httptest.NewUnstartedServer(nil) // for its certificate
		hs.StartTLS()
		defer hs.Close()
		ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: hs.TLS.Certificates})
		if err != nil {
			t.Fatal(err)
		}
		go s.Serve(ln)
		for range 2 {
			resp, err := hs.Client().Get("https://" + ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != "TLS: true" {
				t.Errorf("a page over TLS says %s", body)
			}
		}
	})
}

// temporaryListener fails some times before it accepts.
type temporaryListener struct {
	net.Listener
	fails int
}

type temporaryError struct{ error }

func (temporaryError) Temporary() bool { return true }
func (temporaryError) Timeout() bool   { return false }

func (ln *temporaryListener) Accept() (net.Conn, error) {
	if ln.fails--; ln.fails >= 0 {
		return nil, fmt.Errorf("accept: %w", temporaryError{errors.New("for now")})
	}
	return ln.Listener.Accept()
}

func TestServeOutlivesTemporaryErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}}
	served := make(chan error, 1)
	go func() { served <- s.Serve(&temporaryListener{ln, 3}) }()
	c, err := websocket.Dial(background, "ws://"+ln.Addr().String(), &websocket.DialOptions{Proxy: noProxy})
	if err != nil {
		t.Fatalf("Dial() = %v, Serve() = %v", err, <-served)
	}
	wantEcho(t, c, "hello")
	c.CloseNow()
	s.Close()
	if err := <-served; err != websocket.ErrServerClosed {
		t.Errorf("Serve() = %v, want ErrServerClosed", err)
	}
}

func TestKeyOfTheRFCsExample(t *testing.T) {
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	resp, body, _ := send(t, addr, with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="))
	if want := codec.AcceptKey([]byte("AQIDBAUGBwgJCgsMDQ4PEC==")); resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != string(want[:]) {
		t.Errorf("response: %d %q, want 101", resp.StatusCode, body)
	}
}

func TestSubprotocolThatIsNoToken(t *testing.T) {
	const odd = "SPDY/3.1+portforward.k8s.io"
	speaks := websocket.Options{Subprotocols: []string{odd}}
	srv := httptest.NewServer(upgradeTo(t, forms["events"], &speaks))
	defer srv.Close()
	own := serve(t, &websocket.Server{Handler: forms["events"], Options: speaks})
	for _, url := range []string{srv.URL, "ws://" + own} {
		c, err := websocket.Dial(background, url, &websocket.DialOptions{Options: speaks, Proxy: noProxy})
		if err != nil {
			t.Fatal(err)
		}
		if c.Subprotocol() != odd {
			t.Errorf("Subprotocol() = %q", c.Subprotocol())
		}
		c.CloseNow()
	}
}

// The hooks see path, header and context of the request, and a connection carries a value.
func TestHooksSeeTheRequest(t *testing.T) {
	t.Parallel()
	type key struct{}
	values := make(chan any, 2)
	opts := websocket.Options{
		Origins: []string{"https://app.example"},
		Hooks: websocket.Hooks{
			Opened: func(c *websocket.Conn, r *websocket.Request) {
				c.SetValue(fmt.Sprint(r.Path(), "?", r.Query(), " ", r.Header("x-user"), " ", r.Context().Value(key{}), " ", r.RemoteAddr() != nil, " ", r.HTTP() != nil))
			},
			Refused: func(r *websocket.Request, err error) {
				values <- fmt.Sprint(r.Path(), " ", r.Header("X-User"), " ", r.Origin(), " ", err)
			},
			Closed: func(c *websocket.Conn, _ error) { values <- c.Value() },
		},
	}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), key{}, "known"))
		if c, err := websocket.Upgrade(w, r, &opts); err == nil {
			c.Serve(forms["events"])
		}
	}))
	defer hs.Close()
	for _, tt := range []struct{ name, addr, opened string }{
		{"Upgrade", hs.Listener.Addr().String(), "/chat?room=1 ann known true true"},
		{"Server", serve(t, &websocket.Server{Handler: forms["events"], Options: opts}), "/chat?room=1 ann <nil> true false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request := strings.Replace(plus("X-User: ann"), "/chat", "/chat?room=1", 1)
			_, _, nc := send(t, tt.addr, request)
			nc.Close()
			if got := <-values; got != tt.opened {
				t.Errorf("the value is %q, want %q", got, tt.opened)
			}
			_, body, _ := send(t, tt.addr, strings.Replace(request, "X-User: ann", "X-User: ann\nOrigin: https://evil.example", 1))
			want := `origin "https://evil.example" not allowed for host "example.com"`
			if got := fmt.Sprint(<-values); !strings.HasPrefix(got, "/chat ann https://evil.example ") || !strings.Contains(got, want) || !strings.Contains(body, want) {
				t.Errorf("Refused saw %q, the client %q, want both to name origin and host", got, body)
			}
		})
	}
}

func TestConnValueAndNetConn(t *testing.T) {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	if client.Value() != nil {
		t.Errorf("Value() = %v before SetValue", client.Value())
	}
	client.SetValue(1)
	client.SetValue("two") // of another type
	if client.Value() != "two" || client.NetConn() == nil || server.Value() != nil {
		t.Errorf("Value() = %v, NetConn() = %v, the other end's %v", client.Value(), client.NetConn(), server.Value())
	}
}

// Entries that can match nothing are an error of the first use, which names them.
func TestOriginsThatMatchNothing(t *testing.T) {
	for _, entry := range []string{
		"example.com", "https://example.com/", "https://example.com/page", "*.example.com", "http://localhost:*",
		"https://*", "https://a.*.example.com", "https://*.", "https://user@example.com", "https://a,https://b", "http://", "", " ",
		"://example.com", "https://exa mple.com", "https://b\u00fccher.example",
		"https://example.com:", "https://example.com:https", "https://example.com:0", "https://example.com:0443", "https://example.com:65536",
		"https://*.example.com:65536", "https://:443", "https://::1", "https://[::1", "https://[::1]:", "https://::1]:443",
	} {
		t.Run(entry, func(t *testing.T) {
			opts := websocket.Options{Origins: []string{"https://good.example", entry}, Logger: quiet}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			srv := &websocket.Server{Handler: forms["events"], Options: opts}
			served := srv.Serve(ln)
			w := httptest.NewRecorder()
			_, upgraded := websocket.Upgrade(w, newRequest(), &opts)
			_, negotiated := (&websocket.Upgrader{Options: opts}).Negotiate("a", nil)
			for name, err := range map[string]error{"Serve": served, "Upgrade": upgraded, "Negotiate": negotiated} {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", entry)) {
					t.Errorf("%s: %v, want an error that names %q", name, err, entry)
				}
			}
			if w.Code != 500 || strings.Contains(w.Body.String(), "Origins") {
				t.Errorf("the client gets %d %q, want 500 and no word of Options", w.Code, w.Body)
			}
		})
	}
	both := websocket.Options{Origins: []string{"*"}, OriginFunc: func(string, string) bool { return true }}
	if _, err := (&websocket.Upgrader{Options: both}).Negotiate("a", nil); err == nil || !strings.Contains(err.Error(), "OriginFunc") {
		t.Errorf("Origins and OriginFunc: %v, want an error", err)
	}
}

func TestOriginsOfPagesWithoutAHost(t *testing.T) {
	upgrader := websocket.Upgrader{Options: websocket.Options{Origins: []string{
		"null", "file://", "app://obsidian.md", "capacitor://localhost", "chrome-extension://abcdef", "https://Example.org:443",
		"http://[::1]", "http://[2001:db8::1]:8080", "https://*.example.net:8443",
	}}}
	decided := websocket.Upgrader{Options: websocket.Options{OriginFunc: func(origin, host string) bool {
		return origin == "https://tenant.example" && host == "api.example"
	}}}
	for _, tt := range []struct {
		name     string
		upgrader *websocket.Upgrader
		origin   string
		allowed  bool
	}{
		{"null", &upgrader, "null", true},
		{"a file", &upgrader, "file://", true},
		{"an application", &upgrader, "app://obsidian.md", true},
		{"another application", &upgrader, "app://other.md", false},
		{"capacitor", &upgrader, "capacitor://localhost", true},
		{"an extension", &upgrader, "chrome-extension://abcdef", true},
		{"another extension", &upgrader, "chrome-extension://abcdee", false},
		{"a page with the default port left out", &upgrader, "https://example.org", true},
		{"an IPv6 address", &upgrader, "http://[::1]", true},
		{"an IPv6 address with a port", &upgrader, "http://[2001:db8::1]:8080", true},
		{"an IPv6 address with another port", &upgrader, "http://[::1]:8080", false},
		{"below a host, with a port", &upgrader, "https://a.example.net:8443", true},
		{"below a host, with another port", &upgrader, "https://a.example.net", false},
		{"its own host", &upgrader, "https://api.example", true},
		{"none", &upgrader, "", true},
		{"by the function", &decided, "https://tenant.example", true},
		{"not by the function", &decided, "https://api.example", false},
		{"no browser, whatever the function says", &decided, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"sec-websocket-version": {"13"}}
			if tt.origin != "" {
				h["origin"] = []string{tt.origin}
			}
			_, err := tt.upgrader.Negotiate("api.example", h)
			if refused, ok := errors.AsType[*websocket.HandshakeError](err); (err == nil) != tt.allowed || err != nil && (!ok || refused.Status != 403 || !errors.Is(err, codec.ErrOrigin)) {
				t.Errorf("Negotiate() = %v, want allowed: %v", err, tt.allowed)
			}
		})
	}
}

func TestNegotiate(t *testing.T) {
	u := websocket.Upgrader{Options: websocket.Options{Subprotocols: []string{"b", "a"}, Compression: &websocket.Compression{}}}
	h, err := u.Negotiate("example.com", http.Header{
		"Origin": {"https://example.com"}, "sec-websocket-version": {"13"},
		"Sec-WebSocket-Protocol": {"a", "b"}, "sec-websocket-extensions": {"x-none", "permessage-deflate"},
	})
	if err != nil || h.Subprotocol != "b" || !strings.HasPrefix(h.Extensions, "permessage-deflate") {
		t.Fatalf("Negotiate() = %+v, %v", h, err)
	}
	for name, header := range map[string]http.Header{
		"no version":           {},
		"another version":      {"Sec-Websocket-Version": {"8"}},
		"a sub-protocol twice": {"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Protocol": {"a, a"}},
		"two origins":          {"Sec-Websocket-Version": {"13"}, "Origin": {"https://example.com"}, "origin": {"https://example.com"}},
		"a line break":         {"Sec-Websocket-Version": {"13"}, "Origin": {"https://a\r\nX: y"}},
	} {
		if h, err := u.Negotiate("example.com", header); err == nil {
			t.Errorf("%s: Negotiate() = %+v, want a refusal", name, h)
		} else if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status < 400 || refused.Reason == "" {
			t.Errorf("%s: Negotiate() = %v, want a HandshakeError", name, err)
		}
	}
}
