package websocket_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// redirects is a network of servers: those that to names redirect, the others
// accept. Port 443 speaks TLS.
type redirects struct {
	network
	to   map[string]string // address and target of the request → status and Location
	seen []string          // addresses and targets, with what is secret in the requests
}

func newRedirects(t *testing.T, to map[string]string) (*redirects, *websocket.DialOptions) {
	t.Helper()
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	t.Cleanup(certs.Close)
	n := &redirects{to: to}
	plain := responding(func(addr string, r *http.Request) string {
		n.seen = append(n.seen, strings.TrimRight(fmt.Sprint(addr+r.RequestURI, " ", r.Host, " ", r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("Proxy-Authorization")), " "))
		to, ok := n.to[addr+r.RequestURI]
		if !ok {
			return goodResponse
		}
		status, location, _ := strings.Cut(to, " ")
		return "HTTP/1.1 " + status + " Moved\nSet-Cookie: at=" + r.Host + "\nLocation: " + location + "\nContent-Length: 0\n\n"
	})
	n.peer = func(addr string, nc net.Conn) {
		if strings.HasSuffix(addr, ":443") {
			nc = tls.Server(nc, certs.TLS)
		}
		plain(addr, nc)
	}
	opts := n.options()
	opts.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	return n, opts
}

func TestDialFollowsRedirects(t *testing.T) {
	const from = "ws://a.example/x"
	for _, tt := range []struct {
		name string
		to   map[string]string
		last string // request, on a.example if it begins with "/"
	}{
		{"301", map[string]string{"a.example:80/x": "301 /y"}, "/y"},
		{"302", map[string]string{"a.example:80/x": "302 /y"}, "/y"},
		{"303", map[string]string{"a.example:80/x": "303 /y"}, "/y"},
		{"307", map[string]string{"a.example:80/x": "307 /y"}, "/y"},
		{"308", map[string]string{"a.example:80/x": "308 /y"}, "/y"},
		{"relative", map[string]string{"a.example:80/x": "308 z?q"}, "/z?q"},
		{"query with a space", map[string]string{"a.example:80/x": "308 /y?q=a b"}, "/y?q=a%20b"},
		{"query that is not ASCII", map[string]string{"a.example:80/x": "308 /y?q=ü\xF6"}, "/y?q=%C3%BC%F6"},
		{"path that is not ASCII", map[string]string{"a.example:80/x": "308 /ü y"}, "/%C3%BC%20y"},
		{"fragment", map[string]string{"a.example:80/x": "308 /y#z"}, "/y"},
		{"ws", map[string]string{"a.example:80/x": "308 ws://b.example/y"}, "b.example:80/y b.example"},
		{"http", map[string]string{"a.example:80/x": "308 http://b.example:81/y"}, "b.example:81/y b.example:81"},
		{"wss", map[string]string{"a.example:80/x": "308 wss://b.example/y"}, "b.example:443/y b.example"},
		{"https", map[string]string{"a.example:80/x": "308 https://b.example/y"}, "b.example:443/y b.example"},
		{"without a scheme", map[string]string{"a.example:80/x": "308 //b.example/y"}, "b.example:80/y b.example"},
		{"several", map[string]string{"a.example:80/x": "301 /y", "a.example:80/y": "302 ws://b.example", "b.example:80/": "307 /z"}, "b.example:80/z b.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, opts := newRedirects(t, tt.to)
			c, err := websocket.Dial(background, from, opts)
			n.peers.Wait()
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			c.CloseNow()
			if strings.HasPrefix(tt.last, "/") {
				tt.last = "a.example:80" + tt.last + " a.example"
			}
			if last := n.seen[len(n.seen)-1]; last != tt.last {
				t.Errorf("last request = %q, want %q", last, tt.last)
			}
		})
	}
}

func TestDialDoesNotFollow(t *testing.T) {
	long := map[string]string{}
	for i := range 20 {
		long[fmt.Sprintf("a.example:80/%d", i)] = fmt.Sprintf("307 /%d", i+1)
	}
	for _, tt := range []struct {
		name, url string
		to        map[string]string
		max       int // MaxRedirects
		requests  int
		says      string
	}{
		{"from TLS to none", "wss://a.example/x", map[string]string{"a.example:443/x": "301 ws://a.example/y"}, 0, 1, "from TLS to none"},
		{"from TLS to http", "https://a.example/x", map[string]string{"a.example:443/x": "301 http://a.example/y"}, 0, 1, "from TLS to none"},
		{"from TLS to none, later", "ws://a.example/x", map[string]string{"a.example:80/x": "301 wss://a.example/y", "a.example:443/y": "301 ws://a.example/z"}, 0, 2, "from TLS to none"},
		{"file", "ws://a.example/x", map[string]string{"a.example:80/x": "301 file:///etc/passwd"}, 0, 1, `scheme "file"`},
		{"unix socket", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ws+unix:///run/docker.sock:/"}, 0, 1, "unix socket"},
		{"malformed", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ws://b.example:port/"}, 0, 1, "malformed"},
		{"a target that may not be sent", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ?" + strings.Repeat("ü", 11_000)}, 0, 1, "request-target that may not be sent"},
		{"internationalised host", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ws://bücher.example"}, 0, 1, "xn--"},
		{"port above 65535", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ws://b.example:65536"}, 0, 1, `port "65536"`},
		{"no host", "ws://a.example/x", map[string]string{"a.example:80/x": "301 ws:///y"}, 0, 1, "without a host"},
		{"300", "ws://a.example/x", map[string]string{"a.example:80/x": "300 /y"}, 0, 1, "Moved"},
		{"304", "ws://a.example/x", map[string]string{"a.example:80/x": "304 /y"}, 0, 1, "Moved"},
		{"loop", "ws://a.example/x", map[string]string{"a.example:80/x": "302 /x"}, 0, 11, "more than 10 times"},
		{"loop of two", "ws://a.example/x", map[string]string{"a.example:80/x": "302 ws://b.example/", "b.example:80/": "302 ws://a.example/x"}, 5, 6, "more than 5 times"},
		{"too many", "ws://a.example/0", long, 0, 11, "more than 10 times"},
		{"none wanted", "ws://a.example/x", map[string]string{"a.example:80/x": "302 /y"}, -1, 1, "Moved"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, opts := newRedirects(t, tt.to)
			opts.MaxRedirects = tt.max
			_, err := websocket.Dial(background, tt.url, opts)
			n.peers.Wait()
			refused, ok := errors.AsType[*websocket.HandshakeError](err)
			if !ok || refused.Status/100 != 3 || refused.Header.Get("Location") == "" || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Dial() = %v, want a HandshakeError of the redirect that says %s", err, tt.says)
			}
			if len(n.seen) != tt.requests {
				t.Errorf("%d requests, want %d: %q", len(n.seen), tt.requests, n.seen)
			}
		})
	}
}

// What the caller gave for one host goes to no other, and not back to the first
// by way of another.
func TestDialKeepsSecretsToHost(t *testing.T) {
	to := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	given := http.Header{"authorization": {"Bearer t"}, "Cookie": {"c=d"}, "Proxy-Authorization": {"p"}}
	for _, tt := range []struct {
		name string
		url  string
		host string
		head http.Header
		to   map[string]string
		want []string // requests, with Host, Authorization, Cookie and Proxy-Authorization
	}{
		{"same host", "ws://a.example/x", "", given, to("a.example:80/x", "301 /y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "a.example:80/y a.example Bearer tc=dp"}},
		{"same host, written otherwise", "ws://a.example/x", "", given, to("a.example:80/x", "301 ws://A.EXAMPLE:80/y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "A.EXAMPLE:80/y A.EXAMPLE Bearer tc=dp"}},
		{"same host, now with TLS", "ws://a.example/x", "", given, to("a.example:80/x", "301 wss://a.example/y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "a.example:443/y a.example Bearer tc=dp"}},
		{"another host", "ws://a.example/x", "", given, to("a.example:80/x", "301 ws://b.example/y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "b.example:80/y b.example"}},
		{"a host below", "ws://a.example/x", "", given, to("a.example:80/x", "301 ws://b.a.example/y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "b.a.example:80/y b.a.example"}},
		{"another port", "ws://a.example/x", "", given, to("a.example:80/x", "301 ws://a.example:81/y"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "a.example:81/y a.example:81"}},
		{"there and back", "ws://a.example/x", "", given, to("a.example:80/x", "301 ws://b.example/y", "b.example:80/y", "301 ws://a.example/z"),
			[]string{"a.example:80/x a.example Bearer tc=dp", "b.example:80/y b.example", "a.example:80/z a.example"}},
		{"userinfo, same host", "ws://u:p@a.example/x", "", nil, to("a.example:80/x", "301 ws://a.example/y"),
			[]string{"a.example:80/x a.example Basic dTpw", "a.example:80/y a.example Basic dTpw"}},
		{"userinfo, another host", "ws://u:p@a.example/x", "", nil, to("a.example:80/x", "301 ws://b.example/y"),
			[]string{"a.example:80/x a.example Basic dTpw", "b.example:80/y b.example"}},
		{"userinfo of the other host", "ws://u:p@a.example/x", "", nil, to("a.example:80/x", "301 ws://v:q@b.example/y"),
			[]string{"a.example:80/x a.example Basic dTpw", "b.example:80/y b.example Basic djpx"}},
		{"Host, same host", "ws://a.example/x", "h.example", nil, to("a.example:80/x", "301 /y"),
			[]string{"a.example:80/x h.example", "a.example:80/y h.example"}},
		{"Host, another host", "ws://a.example/x", "h.example", nil, to("a.example:80/x", "301 ws://b.example/y"),
			[]string{"a.example:80/x h.example", "b.example:80/y b.example"}},
		{"unix socket", "ws+unix:///s:/x", "", given, to("/s/x", "301 /y"),
			[]string{"/s/x localhost Bearer tc=dp", "/s/y localhost Bearer tc=dp"}},
		{"from a unix socket", "ws+unix:///s:/x", "", given, to("/s/x", "301 ws://b.example/y"),
			[]string{"/s/x localhost Bearer tc=dp", "b.example:80/y b.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, opts := newRedirects(t, tt.to)
			opts.Header, opts.Host = tt.head, tt.host
			c, err := websocket.Dial(background, tt.url, opts)
			n.peers.Wait()
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			c.CloseNow()
			if !slices.Equal(n.seen, tt.want) {
				t.Errorf("requests:\n got %q\nwant %q", n.seen, tt.want)
			}
			if tt.head != nil && len(given) != 3 {
				t.Errorf("DialOptions.Header was changed: %v", given)
			}
		})
	}
}

func TestDialRedirectForgetsServerName(t *testing.T) {
	n, opts := newRedirects(t, map[string]string{"10.0.0.1:443/": "301 wss://b.example/"})
	var names []string
	opts.TLSConfig.ServerName = "a.example"
	opts.TLSConfig.VerifyConnection = func(s tls.ConnectionState) error {
		names = append(names, s.ServerName)
		return nil
	}
	c, err := websocket.Dial(background, "wss://10.0.0.1", opts)
	n.peers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	if want := []string{"a.example", "b.example"}; !slices.Equal(names, want) {
		t.Errorf("server names = %q, want %q", names, want)
	}
}

func TestDialStoresCookiesOfRedirects(t *testing.T) {
	n, opts := newRedirects(t, map[string]string{"a.example:80/x": "302 /y"})
	opts.Jar, _ = cookiejar.New(nil)
	c, err := websocket.Dial(background, "ws://a.example/x", opts)
	n.peers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	if last := n.seen[len(n.seen)-1]; last != "a.example:80/y a.example at=a.example" {
		t.Errorf("last request = %q, want the cookie of the first response in it", last)
	}
}
