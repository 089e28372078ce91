package websocket_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
)

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// network is a NetDial whose connections are in memory.
type network struct {
	peer  func(addr string, nc net.Conn) // the other end of each
	addrs []string                       // dialed
	peers sync.WaitGroup
}

func (n *network) dial(_ context.Context, network, addr string) (net.Conn, error) {
	n.addrs = append(n.addrs, network+" "+addr)
	near, far := pipe.New()
	n.peers.Go(func() {
		defer far.Close()
		n.peer(addr, far)
	})
	return near, nil
}

// options returns the DialOptions for a Dial in memory.
func (n *network) options() *websocket.DialOptions {
	return &websocket.DialOptions{NetDial: n.dial, Proxy: noProxy}
}

// responding is a peer that reads a request and sends the response to it, in
// lines, in which KEY stands for the right Sec-WebSocket-Accept.
func responding(respond func(addr string, r *http.Request) string) func(string, net.Conn) {
	return func(addr string, nc net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(nc))
		if err != nil {
			return
		}
		accept := codec.AcceptKey([]byte(r.Header.Get("Sec-WebSocket-Key")))
		io.WriteString(nc, strings.NewReplacer("\n", "\r\n", "KEY", string(accept[:])).Replace(respond(addr, r)))
	}
}

// answering is a peer that sends always the same response. It hands the request
// to seen, which may be nil.
func answering(response string, seen func(*http.Request)) func(string, net.Conn) {
	return responding(func(_ string, r *http.Request) string {
		if seen != nil {
			seen(r)
		}
		return response
	})
}

func TestDialServer(t *testing.T) {
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	defer certs.Close()
	config := certs.Client().Transport.(*http.Transport).TLSClientConfig
	socket := filepath.Join(t.TempDir(), "socket")
	for _, tt := range []struct {
		transport string
		listen    func() (net.Listener, error)
		url       func(addr string) string
	}{
		{"tcp", func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }, func(addr string) string { return "ws://" + addr + "/chat" }},
		{"tls", func() (net.Listener, error) { return tls.Listen("tcp", "127.0.0.1:0", certs.TLS) }, func(addr string) string { return "wss://" + addr }},
		{"unix", func() (net.Listener, error) { return net.Listen("unix", socket) }, func(addr string) string { return "ws+unix://" + addr + ":/chat" }},
	} {
		t.Run(tt.transport, func(t *testing.T) {
			ln, err := tt.listen()
			if err != nil {
				t.Fatal(err)
			}
			srv := &websocket.Server{Handler: forms["events"], Options: websocket.Options{Subprotocols: []string{"b"}}}
			ended := make(chan error, 1)
			go func() { ended <- srv.Serve(ln) }()
			ctx, cancel := context.WithCancel(background)
			c, err := websocket.Dial(ctx, tt.url(ln.Addr().String()), &websocket.DialOptions{
				TLSConfig: config, Options: websocket.Options{Subprotocols: []string{"a", "b"}},
			})
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			cancel() // no effect on the Conn
			if p := c.Subprotocol(); p != "b" {
				t.Errorf("Subprotocol() = %q, want b", p)
			}
			wantEcho(t, c, "hello")
			wantEcho(t, c, strings.Repeat("x", 100_000))
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close() = %v", err)
			}
			srv.Close()
			<-ended
		})
	}
}

func TestDialURL(t *testing.T) {
	for _, tt := range []struct {
		url  string
		addr string // dialed
		host string
		path string
		auth string
	}{
		{url: "ws://example.com", addr: "tcp example.com:80", host: "example.com", path: "/"},
		{url: "http://example.com/a", addr: "tcp example.com:80", host: "example.com", path: "/a"},
		{url: "WS://example.com:80/a/b?c=d&e", addr: "tcp example.com:80", host: "example.com", path: "/a/b?c=d&e"},
		{url: "ws://example.com:/", addr: "tcp example.com:80", host: "example.com", path: "/"},
		{url: "ws://example.com:8080?a", addr: "tcp example.com:8080", host: "example.com:8080", path: "/?a"},
		{url: "ws://[::1]/", addr: "tcp [::1]:80", host: "[::1]", path: "/"},
		{url: "ws://[::1]:81/", addr: "tcp [::1]:81", host: "[::1]:81", path: "/"},
		{url: "ws://[fe80::1%25eth0]:81/", addr: "tcp [fe80::1%eth0]:81", host: "[fe80::1]:81", path: "/"},
		{url: "ws://example.com/%20/ä", addr: "tcp example.com:80", host: "example.com", path: "/%20/%C3%A4"},
		{url: "ws://example.com/?q=a b", addr: "tcp example.com:80", host: "example.com", path: "/?q=a%20b"},
		{url: "ws://example.com/?q=ü&r=%C3%BC+\xF6", addr: "tcp example.com:80", host: "example.com", path: "/?q=%C3%BC&r=%C3%BC+%F6"},
		{url: "ws://example.com/?{\"a\":[1]}|^`\\<>'100%", addr: "tcp example.com:80", host: "example.com", path: "/?%7B%22a%22:[1]%7D%7C%5E%60%5C%3C%3E'100%"},
		{url: "ws+unix:///run/a.sock:/ü?q=a b", addr: "unix /run/a.sock", host: "localhost", path: "/%C3%BC?q=a%20b"},
		{url: "ws://user:pass@example.com/", addr: "tcp example.com:80", host: "example.com", path: "/", auth: "Basic dXNlcjpwYXNz"},
		{url: "ws://user%0D%0A@example.com/", addr: "tcp example.com:80", host: "example.com", path: "/", auth: "Basic dXNlcg0KOg=="},
		{url: "ws+unix:///run/a.sock", addr: "unix /run/a.sock", host: "localhost", path: "/"},
		{url: "ws+unix:///run/a%3Ab.sock:/chat?x=y", addr: "unix /run/a:b.sock", host: "localhost", path: "/chat?x=y"},
		{url: "ws+unix:/run/a.sock:/c%2Fd:e", addr: "unix /run/a.sock", host: "localhost", path: "/c%2Fd:e"},
	} {
		t.Run(tt.url, func(t *testing.T) {
			var seen *http.Request
			n := &network{peer: answering(goodResponse, func(r *http.Request) { seen = r })}
			c, err := websocket.Dial(background, tt.url, n.options())
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			c.CloseNow()
			n.peers.Wait()
			if len(n.addrs) != 1 || n.addrs[0] != tt.addr {
				t.Errorf("dialed %q, want %q", n.addrs, tt.addr)
			}
			if seen.Host != tt.host || seen.RequestURI != tt.path || seen.Header.Get("Authorization") != tt.auth {
				t.Errorf("sent Host %q, target %q, Authorization %q, want %q, %q, %q",
					seen.Host, seen.RequestURI, seen.Header.Get("Authorization"), tt.host, tt.path, tt.auth)
			}
		})
	}
}

func TestDialSendsWhatItIsGiven(t *testing.T) {
	var seen *http.Request
	n := &network{peer: answering(more("Sec-WebSocket-Protocol: b"), func(r *http.Request) { seen = r })}
	opts := n.options()
	opts.Host = "other.example:1"
	opts.Header = http.Header{"Origin": {"https://example.com"}, "x-note": {"1", "2"}, "Authorization": {"Bearer t"}, "Cookie": {"c=d"}}
	opts.Subprotocols = []string{"a", "b"}
	c, err := websocket.Dial(background, "ws://user:pass@example.com", opts)
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	n.peers.Wait()
	if p := c.Subprotocol(); p != "b" {
		t.Errorf("Subprotocol() = %q, want b", p)
	}
	if seen.Host != "other.example:1" {
		t.Errorf("Host = %q", seen.Host)
	}
	for name, want := range map[string]string{
		"Origin": "https://example.com", "X-Note": "1|2", "Authorization": "Bearer t", "Cookie": "c=d",
		"Sec-Websocket-Protocol": "a, b", "Sec-Websocket-Version": "13", "User-Agent": "zerowire",
	} {
		if got := strings.Join(seen.Header[name], "|"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestDialKeysDiffer(t *testing.T) {
	keys := map[string]bool{}
	n := &network{peer: answering(goodResponse, func(r *http.Request) { keys[r.Header.Get("Sec-WebSocket-Key")] = true })}
	for range 100 {
		c, err := websocket.Dial(background, "ws://example.com", n.options())
		if err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
		n.peers.Wait()
	}
	if len(keys) != 100 {
		t.Errorf("100 handshakes had %d keys", len(keys))
	}
}

// No string of the caller's adds a line, and none that is refused is sent.
func TestPromise19DialInjectsNothing(t *testing.T) {
	header := func(name, value string) func(*websocket.DialOptions) {
		return func(o *websocket.DialOptions) { o.Header = http.Header{name: {value}} }
	}
	protocol := func(names ...string) func(*websocket.DialOptions) {
		return func(o *websocket.DialOptions) { o.Subprotocols = names }
	}
	for _, tt := range []struct {
		name string
		url  string // "" for a good one
		set  func(*websocket.DialOptions)
		want error  // nil for any
		says string // in the error
	}{
		{name: "value with CR LF", set: header("X", "a\r\nY: b"), want: codec.MisuseHeader, says: `"X"`},
		{name: "value with LF", set: header("X", "a\nY: b"), want: codec.MisuseHeader},
		{name: "value with NUL", set: header("X", "a\x00"), want: codec.MisuseHeader},
		{name: "name with a colon", set: header("X: a\r\nY", "b"), want: codec.MisuseHeader},
		{name: "empty name", set: header("", "b"), want: codec.MisuseHeader},
		{name: "Host", set: header("host", "b"), want: codec.MisuseReserved, says: "DialOptions.Host"},
		{name: "Upgrade", set: header("Upgrade", "h2c"), want: codec.MisuseReserved},
		{name: "Connection", set: header("CONNECTION", "close"), want: codec.MisuseReserved},
		{name: "Content-Length", set: header("Content-Length", "3"), want: codec.MisuseReserved},
		{name: "Transfer-Encoding", set: header("Transfer-Encoding", "chunked"), want: codec.MisuseReserved},
		{name: "sub-protocol as header", set: header("sec-websocket-protocol", "a"), want: codec.MisuseReserved, says: "Options.Subprotocols"},
		{name: "extension as header", set: header("Sec-WebSocket-Extensions", "a"), want: codec.MisuseReserved, says: "Options.Compression"},
		{name: "two origins", set: func(o *websocket.DialOptions) { o.Header = http.Header{"Origin": {"http://a", "http://b"}} }, want: codec.MisuseReserved},
		{name: "origin with CR LF", set: header("Origin", "http://a\r\nX: b"), want: codec.MisuseOrigin},
		{name: "sub-protocol with CR LF", set: protocol("a\r\nX: b"), want: codec.MisuseSubprotocol},
		{name: "sub-protocol with a comma", set: protocol("a, b"), want: codec.MisuseSubprotocol},
		{name: "sub-protocol twice", set: protocol("a", "a"), want: codec.MisuseSubprotocol},
		{name: "empty sub-protocol", set: protocol(""), want: codec.MisuseSubprotocol},
		{name: "Host with CR LF", set: func(o *websocket.DialOptions) { o.Host = "a\r\nX: b" }, want: codec.MisuseHost},
		{name: "Host not ASCII", set: func(o *websocket.DialOptions) { o.Host = "bücher.example" }, want: codec.MisuseHost, says: "xn--"},
		{name: "Host with a port above 65535", set: func(o *websocket.DialOptions) { o.Host = "a:70000" }, want: codec.MisuseHost, says: `port "70000"`},
		{name: "Host with a path", set: func(o *websocket.DialOptions) { o.Host = "a/b" }, want: codec.MisuseHost},
		{name: "URL with CR LF", url: "ws://example.com/a\r\nX: b"},
		{name: "host with CR LF", url: "ws://example.com\r\nX: b/"},
		{name: "host with an escape", url: "ws://exam%0D%0Aple.com/"},
		{name: "host not ASCII", url: "ws://bücher.example/", want: codec.MisuseHost, says: "xn--"},
		{name: "host with an escaped octet", url: "ws://b%C3%BCcher.example/", want: codec.MisuseHost, says: "xn--"},
		{name: "host name too long", url: "ws://" + strings.Repeat("a", 256) + "/"},
		{name: "fragment", url: "ws://example.com/#a", says: "fragment"},
		{name: "empty fragment", url: "ws://example.com/#", says: "fragment"},
		{name: "no host", url: "ws:///a", says: "host"},
		{name: "no slashes", url: "ws:example.com", says: "host"},
		{name: "no scheme", url: "example.com", says: "want ws"},
		{name: "other scheme", url: "ftp://example.com", says: "want ws"},
		{name: "port above 65535", url: "ws://example.com:65536", want: codec.MisuseHost, says: `port "65536"`},
		{name: "port with very many digits", url: "ws://example.com:99999999999999999999", want: codec.MisuseHost, says: `port "99999999999999999999"`},
		{name: "port not a number", url: "ws://example.com:http", says: `port ":http"`},
		{name: "path and query too long", url: "ws://example.com/?" + strings.Repeat("ü", 11_000), want: codec.MisuseTarget, says: "66002 bytes"},
		{name: "slash in a password", url: "ws://user:pass/word@example.com", says: "%2F"},
		{name: "IPv6 address that is none", url: "ws://[1]/"},
		{name: "socket with a host", url: "ws+unix://host/a.sock", says: "ws+unix:///"},
		{name: "no socket", url: "ws+unix://", says: "ws+unix:///"},
		{name: "path that is none", url: "ws+unix:///a.sock:b", says: "ws+unix:///"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: func(string, net.Conn) {}}
			opts := n.options()
			if tt.set != nil {
				tt.set(opts)
			}
			url := cmp.Or(tt.url, "ws://example.com/")
			c, err := websocket.Dial(background, url, opts)
			if err == nil {
				c.CloseNow()
				t.Fatal("Dial() succeeded")
			}
			if got, want := errors.Is(err, websocket.ErrURL), tt.url != ""; got != want {
				t.Errorf("Dial() = %v, which is an ErrURL: %t, want %t", err, got, want)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Dial() = %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Dial() = %v, want it to say %s", err, tt.says)
			}
			if len(n.addrs) > 0 {
				t.Errorf("dialed %q", n.addrs)
			}
		})
	}
}

func TestDialErrorsKeepSecrets(t *testing.T) {
	n := &network{peer: answering("HTTP/1.1 403 Forbidden\nContent-Length: 0\n\n", nil)}
	for _, url := range []string{"ws://user:secret@example.com/?token=secret", "ws://user:secret@exa mple.com/", "ws://user:secret@example.com:x", "ws://user:secret@bücher.example", "ws://user:secret/@example.com", "ws://user:secret?#@example.com"} {
		_, err := websocket.Dial(background, url, n.options())
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Dial(%q) = %v, want an error without the secret", url, err)
		}
	}
	n.peers.Wait()
}

func TestDialTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(upgradeTo(t, forms["events"], nil))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that refuse the certificate
	srv.StartTLS()
	defer srv.Close()
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	dial := func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("tcp", srv.Listener.Addr().String())
	}
	for _, tt := range []struct {
		name, url string
		config    *tls.Config
		works     bool
	}{
		{"name in the certificate", "wss://example.com", &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}, true},
		{"address in the certificate", "wss://127.0.0.1", &tls.Config{RootCAs: roots}, true},
		{"name that is wanted instead", "wss://other.example", &tls.Config{RootCAs: roots, ServerName: "example.com"}, true},
		{"another name", "wss://other.example", &tls.Config{RootCAs: roots}, false},
		{"unknown authority", "wss://example.com", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := websocket.Dial(background, tt.url, &websocket.DialOptions{TLSConfig: tt.config, NetDial: dial, Proxy: noProxy})
			if !tt.works {
				if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
					t.Errorf("Dial() = %v, want a tls.CertificateVerificationError", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			wantEcho(t, c, "hello")
			c.CloseNow()
		})
	}
}
