package websocket_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// proxyVariables are the variables that name proxies.
var proxyVariables = []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"}

// setProxies sets the variables that name proxies, "NAME=value" each, and no other one.
func setProxies(t *testing.T, variables ...string) {
	for _, name := range proxyVariables {
		t.Setenv(name, "")
	}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  []string
		url  string
		want string // proxy, "" for none
		says string // in the error, "" for none
	}{
		{"none", nil, "http://a.example", "", ""},
		{"ALL_PROXY, ws", []string{"ALL_PROXY=http://p:3128"}, "http://a.example", "http://p:3128", ""},
		{"ALL_PROXY, wss", []string{"ALL_PROXY=http://p:3128"}, "https://a.example", "http://p:3128", ""},
		{"all_proxy", []string{"all_proxy=socks5://u:p@p"}, "https://a.example", "socks5://u:p@p", ""},
		{"upper case first", []string{"all_proxy=http://lower", "ALL_PROXY=http://upper"}, "http://a.example", "http://upper", ""},
		{"without a scheme", []string{"ALL_PROXY=p:3128"}, "http://a.example", "http://p:3128", ""},
		{"name alone", []string{"ALL_PROXY=p"}, "http://a.example", "http://p", ""},
		{"NO_PROXY", []string{"ALL_PROXY=http://p", "NO_PROXY=b.example, a.example"}, "http://a.example", "", ""},
		{"no_proxy", []string{"ALL_PROXY=http://p", "no_proxy=a.example"}, "http://a.example", "", ""},
		{"localhost", []string{"ALL_PROXY=http://p"}, "http://localhost:80", "", ""},
		{"loopback address", []string{"ALL_PROXY=http://p"}, "http://[::1]:80", "", ""},
		{"no URL", []string{"ALL_PROXY=http://p:secret@p:x"}, "http://a.example", "", "proxy from ALL_PROXY: not the URL of a proxy"},
		{"no URL, HTTP_PROXY", []string{"HTTP_PROXY=http://p:sec/ret@p:1"}, "http://a.example", "", "proxy from HTTP_PROXY: not the URL of a proxy"},
		{"no host, https_proxy", []string{"https_proxy=http://"}, "https://a.example", "", "proxy from https_proxy: not the URL of a proxy"},
		{"no URL, of the other scheme", []string{"HTTP_PROXY=%zz"}, "https://a.example", "", ""},
		{"no URL, NO_PROXY", []string{"HTTP_PROXY=%zz", "NO_PROXY=.example"}, "http://a.example", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setProxies(t, tt.env...)
			u, _ := url.Parse(tt.url)
			proxy, err := websocket.ProxyFromEnvironment(&http.Request{URL: u})
			got := ""
			if proxy != nil {
				got = proxy.String()
			}
			if got != tt.want || (err != nil) != (tt.says != "") {
				t.Fatalf("ProxyFromEnvironment() = %q, %v, want %q", got, err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("ProxyFromEnvironment() = %v, want it to say %s", err, tt.says)
			}
		})
	}
}

// NO_PROXY means for ALL_PROXY what it means for the variables of net/http, which reads
// them once per process: the judge is a process of its own.
func TestNoProxyIsThatOfNetHTTP(t *testing.T) {
	hosts := []string{
		"a.example", "b.a.example", "xa.example", "A.EXAMPLE", "a.example:80", "a.example:8080", "c.example", "b.c.example", "d.example", "b.d.example",
		"10.1.2.3", "10.2.0.1:80", "10.2.0.1:81", "192.168.7.7", "192.169.7.7", "[2001:db8::1]", "[2001:db8:1::1]:443", "[fe80::1]",
		"localhost", "localhost:80", "x.localhost", "127.0.0.1", "127.1.2.3:5", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.1.2.3]", "1.2.3",
	}
	const child = "WEBSOCKET_TEST_NO_PROXY"
	through := func(proxy func(*http.Request) (*url.URL, error)) string {
		var list strings.Builder
		for _, scheme := range []string{"http", "https"} {
			for _, host := range hosts {
				u, err := proxy(&http.Request{URL: &url.URL{Scheme: scheme, Host: host}})
				fmt.Fprintf(&list, "through %s://%s: %t %v\n", scheme, host, u != nil, err)
			}
		}
		return list.String()
	}
	if os.Getenv(child) != "" {
		fmt.Print(through(http.ProxyFromEnvironment))
		return
	}
	for _, list := range []string{
		"", "*", "a.example,*", "example",
		".a.example, *.c.example, D.Example:80 , ,10.1.2.3,10.2.0.1:80,192.168.0.0/16,2001:db8::/48,[fe80::1]",
		"a.example,c.example:443,10.1.2.3/8,[2001:db8:1::1]:443,fe80::1",
		":80,c.example:,1.2.3,-,.,::ffff:10.1.2.3",
	} {
		t.Run(list, func(t *testing.T) {
			setProxies(t, "NO_PROXY="+list, "HTTP_PROXY=http://p", "HTTPS_PROXY=http://p", child+"=1", "GORACE=atexit_sleep_ms=0")
			out, err := exec.Command(os.Args[0], "-test.run=^TestNoProxyIsThatOfNetHTTP$").Output()
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := strings.Cut(string(out), "PASS")
			setProxies(t, "NO_PROXY="+list, "ALL_PROXY=http://p")
			got := through(websocket.ProxyFromEnvironment)
			if got == want {
				return
			}
			wants := strings.Split(want, "\n")
			for i, line := range strings.Split(got, "\n") {
				if i >= len(wants) || line != wants[i] {
					t.Errorf("%s\nwant %s", line, wants[min(i, len(wants)-1)])
				}
			}
		})
	}
}

// Errors name the proxy, the variable that has named it, and what it has answered.
func TestDialNamesTheProxy(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "not that host", http.StatusForbidden)
	}))
	defer refusing.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	ln.Close()
	for _, tt := range []struct {
		name, variable, proxy string
		status                int // 0 for no answer
		says                  string
	}{
		{"refused", "ALL_PROXY", refusing.URL, 403, "dial ws://a.invalid: refused by proxy " + refusing.URL + " from ALL_PROXY: 403: Forbidden"},
		{"refused, with a password", "all_proxy", strings.Replace(refusing.URL, "//", "//u:secret@", 1), 403, "refused by proxy " + refusing.URL + " from all_proxy: 403"},
		{"closed", "ALL_PROXY", "http://" + closed, 0, "dial ws://a.invalid: proxy http://" + closed + " from ALL_PROXY: dial tcp"},
		{"SOCKS, closed", "ALL_PROXY", "socks5://" + closed, 0, "proxy socks5://" + closed + " from ALL_PROXY: dial tcp"},
		{"unknown scheme", "ALL_PROXY", "socks4://" + closed, 0, `proxy socks4://` + closed + ` from ALL_PROXY: unsupported scheme "socks4": want http`},
		{"the caller's", "", refusing.URL, 403, "refused by proxy " + refusing.URL + ": 403: Forbidden"},
		{"the caller's, closed", "", "http://" + closed, 0, "proxy http://" + closed + ": dial tcp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setProxies(t)
			opts := &websocket.DialOptions{Proxy: through(t, tt.proxy)}
			if tt.variable != "" {
				t.Setenv(tt.variable, tt.proxy)
				opts = nil
			}
			_, err := websocket.Dial(background, "ws://a.invalid", opts)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Dial() = %v, want it to say %s", err, tt.says)
			}
			refused, ok := errors.AsType[*websocket.HandshakeError](err)
			if ok != (tt.status != 0) || ok && (refused.Status != tt.status || string(refused.Body) != "not that host\n") {
				t.Errorf("Dial() = %#v, want the HandshakeError with status %d and the body", err, tt.status)
			}
		})
	}
}

// GNOME sets ALL_PROXY to a URL with the scheme socks.
func TestDialThroughALLPROXY(t *testing.T) {
	target, _ := proxied(t, false)
	for _, scheme := range []string{"socks", "socks5", "http"} {
		t.Run(scheme, func(t *testing.T) {
			asked, addr := &requests{}, ""
			if scheme == "http" {
				p := &httpProxy{target: target}
				srv := httptest.NewServer(p)
				defer srv.Close()
				asked, addr = &p.connect, srv.Listener.Addr().String()
			} else {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				p := &socksProxy{target: target}
				go p.serve(ln)
				asked, addr = &p.connect, ln.Addr().String()
			}
			setProxies(t, "ALL_PROXY="+scheme+"://"+addr+"/")
			c, err := websocket.Dial(background, "ws://a.invalid", nil)
			if err != nil {
				t.Fatal(err)
			}
			wantEcho(t, c, "hello")
			c.CloseNow()
			if len(asked.all()) != 1 {
				t.Errorf("proxy was asked %q, want one request", asked.all())
			}
		})
	}
}

func TestDialUserAgent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"default", nil, "zerowire"},
		{"the caller's", http.Header{"User-Agent": {"chat/2.1"}}, "chat/2.1"},
		{"in lower case", http.Header{"user-agent": {"chat/2.1"}}, "chat/2.1"},
		{"removed", http.Header{"User-Agent": nil}, ""},
		{"empty", http.Header{"User-Agent": {""}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var agents [][]string
			see := func(r *http.Request) { agents = append(agents, r.Header["User-Agent"]) }
			n := &network{peer: func(addr string, nc net.Conn) {
				answering("HTTP/1.1 200 OK\n\n", see)(addr, nc)
				answering(goodResponse, see)(addr, nc)
			}}
			opts := n.options()
			opts.Proxy, opts.Header = through(t, "http://proxy"), tt.header
			c, err := websocket.Dial(background, "ws://a.example", opts)
			if err != nil {
				t.Fatal(err)
			}
			c.CloseNow()
			n.peers.Wait()
			want := [][]string{{tt.want}, {tt.want}}
			if tt.want == "" {
				want = [][]string{nil, nil}
			}
			if fmt.Sprint(agents) != fmt.Sprint(want) {
				t.Errorf("the proxy and the server got the User-Agent %q, want %q", agents, want)
			}
		})
	}
	n := &network{peer: func(_ string, nc net.Conn) { io.Copy(io.Discard, nc) }}
	opts := n.options()
	opts.Proxy, opts.Header = through(t, "http://proxy"), http.Header{"User-Agent": {"a\r\nX: b"}}
	if _, err := websocket.Dial(background, "ws://a.example", opts); err == nil || len(n.addrs) > 0 {
		t.Errorf("Dial() with a line end in User-Agent = %v, and dialed %q, want an error before", err, n.addrs)
	}
}
