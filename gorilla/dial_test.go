package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os/exec"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// echo serves an echo, over TLS or not, and shows each request to see.
func echo(t *testing.T, overTLS bool, u *Upgrader, see func(*http.Request)) (url string, s *httptest.Server) {
	t.Helper()
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see != nil {
			see(r)
		}
		c, err := u.Upgrade(w, r, http.Header{"Set-Cookie": {"from=server"}})
		if err != nil {
			return
		}
		defer c.Close()
		for {
			messageType, p, err := c.ReadMessage()
			if err != nil || c.WriteMessage(messageType, p) != nil {
				return
			}
		}
	}))
	if overTLS {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http"), s
}

func wantEcho(t *testing.T, c *Conn) {
	t.Helper()
	defer c.Close()
	write(t, c, BinaryMessage, []byte("there and back"))
	wantMessage(t, c, BinaryMessage, []byte("there and back"))
}

func TestDialRequest(t *testing.T) {
	var seen *http.Request
	url, _ := echo(t, false, &Upgrader{Subprotocols: []string{"b"}, CheckOrigin: func(*http.Request) bool { return true }}, func(r *http.Request) { seen = r })
	jar, _ := cookiejar.New(nil)
	d := Dialer{Subprotocols: []string{"a", "b"}, EnableCompression: true, Jar: jar}
	c, resp, err := d.Dial(url+"/path?query", http.Header{"Host": {"other.example"}, "Origin": {"http://b.example"}, "Cookie": {"a=1"}, "X-y": {"z"}})
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	if c.Subprotocol() != "b" || resp.StatusCode != 101 {
		t.Errorf("Subprotocol() = %q, status %d", c.Subprotocol(), resp.StatusCode)
	}
	if body, err := io.ReadAll(resp.Body); len(body) > 0 || err != nil {
		t.Errorf("the body is %q, %v", body, err)
	}
	wantEcho(t, c)
	seen.Header.Del("Sec-Websocket-Key")
	want := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Protocol": {"a, b"}, "Origin": {"http://b.example"}, "Cookie": {"a=1"}, "X-Y": {"z"},
		"Sec-Websocket-Extensions": {"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		"User-Agent":               {"Go-http-client/1.1"},
	}
	if seen.Host != "other.example" || seen.RequestURI != "/path?query" || !reflect.DeepEqual(seen.Header, want) {
		t.Errorf("request for %s%s %v, want %v", seen.Host, seen.RequestURI, seen.Header, want)
	}
	c, _, err = d.Dial(url, nil)
	if err != nil || seen.Header.Get("Cookie") != "from=server" {
		t.Errorf("the second request has the cookie %q, %v", seen.Header.Get("Cookie"), err)
	}
	wantEcho(t, c)
	c, _, err = (*Dialer)(nil).Dial(url, http.Header{"Sec-Websocket-Protocol": {"b"}})
	if err != nil || c.Subprotocol() != "b" {
		t.Fatalf("a nil Dialer: %v, sub-protocol %q", err, c.Subprotocol())
	}
	wantEcho(t, c)
}

func TestDialMisuse(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		header    http.Header
	}{
		{"scheme", "http://127.0.0.1", nil},
		{"user", "ws://user@127.0.0.1", nil},
		{"no URL", "ws://\x7F", nil},
		{"Upgrade", "ws://127.0.0.1", http.Header{"Upgrade": {"x"}}},
		{"Connection", "ws://127.0.0.1", http.Header{"Connection": {"x"}}},
		{"key", "ws://127.0.0.1", http.Header{"Sec-Websocket-Key": {"x"}}},
		{"version", "ws://127.0.0.1", http.Header{"Sec-Websocket-Version": {"x"}}},
		{"extensions", "ws://127.0.0.1", http.Header{"Sec-Websocket-Extensions": {"x"}}},
		{"sub-protocol twice", "ws://127.0.0.1", http.Header{"Sec-Websocket-Protocol": {"x"}}},
	} {
		d := Dialer{Subprotocols: []string{"a"}, NetDial: func(string, string) (net.Conn, error) {
			t.Errorf("%s: a connection was opened", tt.name)
			return nil, io.EOF
		}}
		if c, resp, err := d.Dial(tt.url, tt.header); c != nil || resp != nil || err == nil {
			t.Errorf("%s: Dial() = %v, %v, %v, want an error", tt.name, c, resp, err)
		}
	}
}

// answer serves one response, in which $accept is the right one.
func answer(t *testing.T, response string) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		r, err := http.ReadRequest(bufio.NewReader(nc))
		if err != nil {
			return
		}
		accept := codec.AcceptKey([]byte(r.Header.Get("Sec-Websocket-Key")))
		io.WriteString(nc, strings.ReplaceAll(response, "$accept", string(accept[:])))
		io.Copy(io.Discard, nc)
	}()
	return "ws://" + ln.Addr().String()
}

func TestDialResponse(t *testing.T) {
	const start = "HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: $accept\r\n"
	deflate := "Sec-WebSocket-Extensions: permessage-deflate"
	const without = "; server_no_context_takeover; client_no_context_takeover"
	for _, tt := range []struct {
		name, response string
		ok, handshake  bool // Dial succeeds; or it fails with ErrBadHandshake
	}{
		{"accepted", start + "\r\n", true, false},
		{"another status", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nwhy", false, true},
		{"wrong accept", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n", false, true},
		{"two accepts", start + "Sec-WebSocket-Accept: x\r\n\r\n", false, true},
		{"no Upgrade", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n", false, true},
		{"no Connection", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: $accept\r\n\r\n", false, true},
		{"compression", start + deflate + without + "\r\n\r\n", true, false},
		{"compression with takeover", start + deflate + "\r\n\r\n", false, false},
		{"compression with the client's takeover", start + deflate + "; server_no_context_takeover\r\n\r\n", false, false},
		{"another extension", start + "Sec-WebSocket-Extensions: x\r\n\r\n", false, false},
		{"no HTTP", "SSH-2.0\r\n\r\n", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Dialer{EnableCompression: true}
			c, resp, err := d.Dial(answer(t, tt.response), nil)
			if c != nil {
				c.Close()
			}
			if (err == nil) != tt.ok || (err == ErrBadHandshake) != tt.handshake || tt.handshake && resp == nil {
				t.Fatalf("Dial() = %v, %v", resp, err)
			}
			if resp != nil && resp.StatusCode == 404 {
				if body, err := io.ReadAll(resp.Body); string(body) != "why" || err != nil {
					t.Errorf("the body is %q, %v", body, err)
				}
			}
		})
	}
}

func TestDialFunctions(t *testing.T) {
	url, _ := echo(t, false, &Upgrader{}, nil)
	secure, s := echo(t, true, &Upgrader{}, nil)
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	var called atomic.Value
	dial := func(name string) func(string, string) (net.Conn, error) {
		return func(network, addr string) (net.Conn, error) { called.Store(name); return net.Dial(network, addr) }
	}
	dialContext := func(name string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) { return dial(name)(network, addr) }
	}
	dialTLS := func(ctx context.Context, network, addr string) (net.Conn, error) {
		called.Store("TLS")
		return tls.Dial(network, addr, &tls.Config{RootCAs: roots, ServerName: "example.com"})
	}
	config := &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: []string{"h2", "http/1.1"}}
	for _, tt := range []struct {
		name, url string
		d         Dialer
		want      string
	}{
		{"none", url, Dialer{}, ""},
		{"NetDial", url, Dialer{NetDial: dial("NetDial")}, "NetDial"},
		{"NetDialContext", url, Dialer{NetDial: dial("NetDial"), NetDialContext: dialContext("NetDialContext"), NetDialTLSContext: dialTLS}, "NetDialContext"},
		{"none, TLS", secure, Dialer{TLSClientConfig: config}, ""},
		{"NetDial, TLS", secure, Dialer{NetDial: dial("NetDial"), TLSClientConfig: config}, "NetDial"},
		{"NetDialTLSContext", secure, Dialer{NetDial: dial("NetDial"), NetDialTLSContext: dialTLS}, "TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called.Store("")
			tt.d.HandshakeTimeout = patience
			c, _, err := tt.d.Dial(tt.url, nil)
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			wantEcho(t, c)
			if called.Load() != tt.want {
				t.Errorf("Dial called %q, want %q", called.Load(), tt.want)
			}
		})
	}
	d := Dialer{}
	if _, _, err := d.Dial(secure, nil); err == nil {
		t.Error("Dial trusts an unknown certificate")
	} else if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("Dial() = %v, want an UnknownAuthorityError", err)
	}
}

func TestNewClient(t *testing.T) {
	target, _ := echo(t, false, &Upgrader{}, nil)
	u, _ := url.Parse(target)
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := NewClient(nc, u, nil, 1024, 1024)
	if err != nil || c.NetConn() != nc {
		t.Fatalf("NewClient() = %v", err)
	}
	wantEcho(t, c)
}

// A server that says nothing keeps no Dial for longer than its limits.
func TestDialEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, scheme := range []string{"ws", "wss"} {
		url := scheme + "://" + ln.Addr().String()
		d := Dialer{HandshakeTimeout: 20 * time.Millisecond}
		_, _, err := d.Dial(url, nil)
		if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
			t.Errorf("%s: after HandshakeTimeout Dial() = %v, want a timeout", scheme, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, _, err := new(Dialer).DialContext(ctx, url, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: after its context has ended DialContext() = %v", scheme, err)
		}
	}
}

// proxyHTTP is an HTTP proxy, which keeps the Proxy-Authorization of its requests.
func proxyHTTP(t *testing.T, start func(http.Handler) *httptest.Server) (s *httptest.Server, authorization *atomic.Value) {
	authorization = new(atomic.Value)
	s = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization.Store(r.Header.Get("Proxy-Authorization"))
		to, err := net.Dial("tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(to, from); to.Close() }()
		io.Copy(from, to)
		from.Close()
	}))
	t.Cleanup(s.Close)
	return s, authorization
}

// proxySOCKS starts microsocks.
func proxySOCKS(t *testing.T) (address string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = ln.Addr().String()
	ln.Close()
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("microsocks", "-i", host, "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatalf("microsocks: %v: install the Debian package microsocks", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if nc, err := net.Dial("tcp", address); err == nil {
			nc.Close()
			return address
		}
	}
	t.Fatal("microsocks does not listen")
	return ""
}

func TestProxies(t *testing.T) {
	plain, _ := echo(t, false, &Upgrader{}, nil)
	secure, s := echo(t, true, &Upgrader{}, nil)
	config := &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	overHTTP, authorization := proxyHTTP(t, httptest.NewServer)
	overTLS, _ := proxyHTTP(t, httptest.NewTLSServer) // with the certificate of the server
	for name, proxy := range map[string]string{
		"http":   "http://user:secret@" + overHTTP.Listener.Addr().String(),
		"https":  overTLS.URL,
		"socks5": "socks5://" + proxySOCKS(t),
	} {
		u, _ := url.Parse(proxy)
		for _, target := range []string{plain, secure} {
			t.Run(name+" to "+target[:3], func(t *testing.T) {
				d := Dialer{Proxy: http.ProxyURL(u), TLSClientConfig: config, HandshakeTimeout: patience}
				c, _, err := d.Dial(target, nil)
				if err != nil {
					t.Fatalf("Dial() = %v", err)
				}
				wantEcho(t, c)
			})
		}
	}
	if got := authorization.Load(); got != "Basic dXNlcjpzZWNyZXQ=" {
		t.Errorf("Proxy-Authorization is %q", got)
	}
	u, _ := url.Parse(overHTTP.URL)
	for name, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"refuses":        http.ProxyURL(u), // the target below does not listen
		"unknown scheme": http.ProxyURL(&url.URL{Scheme: "gopher", Host: "127.0.0.1"}),
		"error":          func(*http.Request) (*url.URL, error) { return nil, io.ErrNoProgress },
	} {
		d := Dialer{Proxy: proxy, HandshakeTimeout: patience}
		if _, _, err := d.Dial("ws://127.0.0.1:1", nil); err == nil {
			t.Errorf("%s: Dial() = nil, want an error", name)
		}
	}
}

func TestTrace(t *testing.T) {
	secure, s := echo(t, true, &Upgrader{}, nil)
	var calls []string
	note := func(s string) { calls = append(calls, s) }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn:              func(addr string) { note("GetConn " + addr) },
		GotConn:              func(httptrace.GotConnInfo) { note("GotConn") },
		TLSHandshakeStart:    func() { note("TLSHandshakeStart") },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { note("TLSHandshakeDone") },
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
	})
	d := Dialer{TLSClientConfig: s.Client().Transport.(*http.Transport).TLSClientConfig}
	c, _, err := d.DialContext(ctx, secure, nil)
	if err != nil {
		t.Fatalf("DialContext() = %v", err)
	}
	c.Close()
	want := []string{"GetConn " + s.Listener.Addr().String(), "GotConn", "TLSHandshakeStart", "TLSHandshakeDone", "GotFirstResponseByte"}
	if !reflect.DeepEqual(calls, want) {
		t.Errorf("the trace is %q, want %q", calls, want)
	}
}
