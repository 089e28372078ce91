package websocket_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// relay copies both ways until one of them ends.
func relay(a net.Conn, early io.Reader, b net.Conn) {
	defer b.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer a.Close()
		io.Copy(a, b)
	}()
	io.Copy(b, early)
	b.Close()
	<-done
}

// requests are what a proxy was asked for.
type requests struct {
	mu   sync.Mutex
	list []string
}

func (r *requests) add(request string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, request)
}

func (r *requests) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// httpProxy is a CONNECT proxy. Whatever it is asked for, it connects to target.
type httpProxy struct {
	target  string
	user    string // "user:password" that it asks for; "" for none
	connect requests
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.connect.add(r.Method + " " + r.RequestURI + " " + r.Host)
	if p.user != "" {
		proxied := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if user, password, ok := proxied.BasicAuth(); !ok || user+":"+password != p.user {
			w.Header().Set("Proxy-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusProxyAuthRequired)
			return
		}
	}
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	nc, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		out.Close()
		return
	}
	relay(nc, in, out)
}

// socksProxy is a SOCKS5 server. Whatever it is asked for, it connects to target.
type socksProxy struct {
	target  string
	user    string // "user:password" that it asks for; "" for none
	connect requests
}

// serve serves the connections that ln accepts.
func (p *socksProxy) serve(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer nc.Close()
			if err := p.open(nc); err != nil {
				return
			}
			if out, err := net.Dial("tcp", p.target); err == nil {
				nc.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 80})
				relay(nc, nc, out)
			}
		}()
	}
}

var errSOCKSTest = errors.New("not what a client says")

// open reads what a client says up to its address, which it notes.
func (p *socksProxy) open(nc net.Conn) error {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(nc, b)
		return b
	}
	greeting := read(2)
	methods := string(read(int(greeting[1])))
	switch {
	case greeting[0] != 5:
		return errSOCKSTest
	case p.user == "":
		nc.Write([]byte{5, 0})
	case !strings.Contains(methods, "\x02"):
		nc.Write([]byte{5, 0xFF})
		return errSOCKSTest
	default:
		nc.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(user)+":"+string(password) != p.user {
			nc.Write([]byte{1, 1})
			return errSOCKSTest
		}
		nc.Write([]byte{1, 0})
	}
	request := read(4)
	var host string
	switch request[3] {
	case 1:
		host = netip.AddrFrom4([4]byte(read(4))).String()
	case 3:
		host = "name " + string(read(int(read(1)[0])))
	case 4:
		host = netip.AddrFrom16([16]byte(read(16))).String()
	}
	p.connect.add(fmt.Sprintf("%v %s %d", request[:3], host, binary.BigEndian.Uint16(read(2))))
	return nil
}

// proxied returns a server, its address, and the TLS settings to trust it.
func proxied(t *testing.T, withTLS bool) (addr string, config *tls.Config) {
	srv := httptest.NewUnstartedServer(upgradeTo(t, forms["events"], nil))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are broken off
	srv.StartTLS()
	t.Cleanup(srv.Close)
	config = srv.Client().Transport.(*http.Transport).TLSClientConfig
	if withTLS {
		return srv.Listener.Addr().String(), config
	}
	plain := httptest.NewServer(srv.Config.Handler)
	t.Cleanup(plain.Close)
	return plain.Listener.Addr().String(), config
}

// through makes a Proxy function of a URL.
func through(t testing.TB, rawURL string) func(*http.Request) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return func(*http.Request) (*url.URL, error) { return u, nil }
}

func TestDialThroughHTTPProxy(t *testing.T) {
	for _, tt := range []struct {
		name, scheme, url, user string
		want                    string // request
	}{
		{"ws", "http", "ws://example.com/chat", "", "CONNECT example.com:80 example.com:80"},
		{"wss", "http", "wss://example.com/chat", "", "CONNECT example.com:443 example.com:443"},
		{"port", "http", "ws://example.com:81", "", "CONNECT example.com:81 example.com:81"},
		{"IPv6", "http", "ws://[fe80::1%25eth0]/", "", "CONNECT [fe80::1]:80 [fe80::1]:80"},
		{"password", "http", "ws://example.com", "user:p@:ss", "CONNECT example.com:80 example.com:80"},
		{"proxy with TLS", "https", "ws://example.com", "user:", "CONNECT example.com:80 example.com:80"},
		{"TLS in TLS", "https", "wss://example.com", "", "CONNECT example.com:443 example.com:443"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &httpProxy{user: tt.user}
			opts := &websocket.DialOptions{}
			p.target, opts.TLSConfig = proxied(t, strings.HasPrefix(tt.url, "wss"))
			srv := httptest.NewUnstartedServer(p)
			if tt.scheme == "https" {
				srv.EnableHTTP2 = true // must not be agreed on
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			u, _ := url.Parse(srv.URL)
			if user, password, ok := strings.Cut(tt.user, ":"); ok {
				u.User = url.UserPassword(user, password)
			}
			opts.Proxy = through(t, u.String())
			c, err := websocket.Dial(background, tt.url, opts)
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			wantEcho(t, c, "hello")
			c.CloseNow()
			if asked := p.connect.all(); len(asked) != 1 || asked[0] != tt.want {
				t.Errorf("proxy was asked %q, want %q", asked, tt.want)
			}
		})
	}
}

func TestDialThroughSOCKSProxy(t *testing.T) {
	for _, tt := range []struct {
		name, scheme, url, user string
		want                    string // request
	}{
		{"name", "socks5", "ws://example.com", "", "[5 1 0] name example.com 80"},
		{"socks5h", "socks5h", "ws://example.com:81", "", "[5 1 0] name example.com 81"},
		{"wss", "socks5", "wss://example.com", "", "[5 1 0] name example.com 443"},
		{"IPv4", "socks5", "ws://10.1.2.3", "", "[5 1 0] 10.1.2.3 80"},
		{"IPv6", "socks5", "ws://[2001:db8::1]", "", "[5 1 0] 2001:db8::1 80"},
		{"password", "socks5", "ws://example.com", "user:p@:ss", "[5 1 0] name example.com 80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &socksProxy{user: tt.user}
			opts := &websocket.DialOptions{}
			p.target, opts.TLSConfig = proxied(t, strings.HasPrefix(tt.url, "wss"))
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go p.serve(ln)
			u := &url.URL{Scheme: tt.scheme, Host: ln.Addr().String()}
			if user, password, ok := strings.Cut(tt.user, ":"); ok {
				u.User = url.UserPassword(user, password)
			}
			opts.Proxy = through(t, u.String())
			c, err := websocket.Dial(background, tt.url, opts)
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			wantEcho(t, c, "hello")
			c.CloseNow()
			if asked := p.connect.all(); len(asked) != 1 || asked[0] != tt.want {
				t.Errorf("proxy was asked %q, want %q", asked, tt.want)
			}
		})
	}
}

func TestDialReportsRefusalOfProxy(t *testing.T) {
	p := &httpProxy{user: "user:password"}
	srv := httptest.NewServer(p)
	defer srv.Close()
	_, err := websocket.Dial(background, "ws://example.com", &websocket.DialOptions{Proxy: through(t, srv.URL)})
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok || refused.Status != 407 || string(refused.Body) != "who are you?\n" || refused.Header.Get("Proxy-Authenticate") != "Basic" {
		t.Errorf("Dial() = %v, want a HandshakeError with status 407, header and body", err)
	}
	if !strings.Contains(err.Error(), "refused by proxy "+srv.URL) {
		t.Errorf("Dial() = %v, want it to name the proxy", err)
	}
}

func TestDialProxyErrors(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, tt := range []struct {
		name, proxy string
		answers     []string // sent one behind the other, after a byte was read
		says        string
	}{
		{"scheme", "ftp://proxy", nil, `scheme "ftp"`},
		{"no host", "http://", nil, "without a host"},
		{"port", "http://proxy:70000", nil, `port "70000"`},
		{"internationalised", "http://bücher.example", nil, "xn--"},
		{"redirect", "http://proxy", []string{"HTTP/1.1 302 Found\r\nLocation: http://other\r\nContent-Length: 0\r\n\r\n"}, "302"},
		{"not HTTP", "http://proxy", []string{"\x05\x00"}, codec.ErrStatusLine.Error()},
		{"cut", "http://proxy", []string{"HTTP/1.1 200"}, io.ErrUnexpectedEOF.Error()},
		{"head too big", "http://proxy", []string{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70_000) + "\r\n\r\n"}, codec.ErrHeadTooBig.Error()},
		{"bytes ahead", "http://proxy", []string{"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n"}, "unexpected data after the proxy's CONNECT response"},
		{"not SOCKS", "socks5://proxy", []string{"HT"}, "not an answer of a SOCKS5 proxy"},
		{"no method", "socks5://proxy", []string{"\x05\xff"}, "no acceptable SOCKS5 authentication method"},
		{"password wanted, none given", "socks5://proxy", []string{"\x05\x02"}, "no acceptable SOCKS5 authentication method"},
		{"wrong password", "socks5://u:p@proxy", []string{"\x05\x02", "\x01\x01"}, "wrong user or password"},
		{"long password", "socks5://u:" + long + "@proxy", []string{"\x05\x02"}, "1 to 255 bytes"},
		{"long user", "socks5://" + long + ":p@proxy", []string{"\x05\x02"}, "1 to 255 bytes"},
		{"no password", "socks5://u@proxy", []string{"\x05\x02"}, "1 to 255 bytes"},
		{"unreachable", "socks5://proxy", []string{"\x05\x00", "\x05\x04\x00\x01"}, "host unreachable"},
		{"not allowed", "socks5://proxy", []string{"\x05\x00", "\x05\x02\x00\x01"}, "not allowed"},
		{"unknown reply", "socks5://proxy", []string{"\x05\x00", "\x05\x63\x00\x01"}, "reply 99"},
		{"version of the reply", "socks5://proxy", []string{"\x05\x00", "\x04\x00\x00\x01"}, "not an answer of a SOCKS5 proxy"},
		{"address of the reply", "socks5://proxy", []string{"\x05\x00", "\x05\x00\x00\x02"}, "not an answer of a SOCKS5 proxy"},
		{"cut greeting", "socks5://proxy", []string{"\x05"}, "EOF"},
		{"cut status", "socks5://u:p@proxy", []string{"\x05\x02", "\x01"}, "EOF"},
		{"cut reply", "socks5://proxy", []string{"\x05\x00", "\x05\x00"}, "EOF"},
		{"cut name", "socks5://proxy", []string{"\x05\x00", "\x05\x00\x00\x03"}, "EOF"},
		{"cut address", "socks5://proxy", []string{"\x05\x00", "\x05\x00\x00\x04\x00"}, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: func(_ string, nc net.Conn) {
				in := bufio.NewReader(nc)
				for _, answer := range tt.answers {
					in.ReadByte()
					in.Discard(in.Buffered())
					io.WriteString(nc, answer)
				}
			}}
			opts := n.options()
			opts.Proxy = through(t, tt.proxy)
			_, err := websocket.Dial(background, "ws://example.com", opts)
			n.peers.Wait()
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), long) {
				t.Errorf("Dial() = %v, want an error that says %s", err, tt.says)
			}
		})
	}
}

func TestDialAsksProxyFunction(t *testing.T) {
	broken := errors.New("no idea")
	for _, tt := range []struct{ url, want string }{
		{"ws://user:pass@example.com/a?b", "http://example.com/a?b"},
		{"wss://example.com", "https://example.com"},
		{"ws+unix:///nowhere", ""}, // no proxy knows the way
	} {
		var asked string
		opts := &websocket.DialOptions{Proxy: func(r *http.Request) (*url.URL, error) {
			asked = r.URL.String()
			return nil, broken
		}}
		if _, err := websocket.Dial(background, tt.url, opts); err == nil || tt.want != "" && !errors.Is(err, broken) {
			t.Errorf("Dial(%q) = %v, want %v", tt.url, err, broken)
		}
		if asked != tt.want {
			t.Errorf("Dial(%q) asked for the proxy for %q, want %q", tt.url, asked, tt.want)
		}
	}
}
