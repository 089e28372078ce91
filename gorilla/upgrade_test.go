package websocket

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// request is an opening handshake, with changes to its headers: "" removes one.
func request(changes map[string]string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://a.example/", nil)
	for name, value := range map[string]string{
		"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket",
		"Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	for name, value := range changes {
		switch {
		case name == "method":
			r.Method = value
		case value == "":
			r.Header.Del(name)
		default:
			r.Header.Set(name, value)
		}
	}
	return r
}

func TestUpgradeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		changes  map[string]string
		response http.Header
		status   int
	}{
		{"no Connection", map[string]string{"Connection": ""}, nil, 400},
		{"another Connection", map[string]string{"Connection": "close"}, nil, 400},
		{"no Upgrade", map[string]string{"Upgrade": ""}, nil, 400},
		{"another protocol", map[string]string{"Upgrade": "h2c"}, nil, 400},
		{"POST", map[string]string{"method": "POST"}, nil, 405},
		{"no version", map[string]string{"Sec-Websocket-Version": ""}, nil, 400},
		{"another version", map[string]string{"Sec-Websocket-Version": "8"}, nil, 400},
		{"two versions", map[string]string{"Sec-Websocket-Version": "8, 13"}, nil, 400},
		{"no key", map[string]string{"Sec-Websocket-Key": ""}, nil, 400},
		{"short key", map[string]string{"Sec-Websocket-Key": "dGhlIHNhbXBsZQ=="}, nil, 400},
		{"another page", map[string]string{"Origin": "http://b.example"}, nil, 403},
		{"another port", map[string]string{"Origin": "http://a.example:81"}, nil, 403},
		{"no URL as origin", map[string]string{"Origin": "%"}, nil, 403},
		{"null as origin", map[string]string{"Origin": "null"}, nil, 403},
		{"extension by hand", nil, http.Header{"Sec-Websocket-Extensions": {"x"}}, 500},
		{"sub-protocol that is none", nil, http.Header{"Sec-Websocket-Protocol": {"a b"}}, 500},
		{"header name with a line", nil, http.Header{"X\r\nY": {"z"}}, 500},
		{"a response that cannot be taken over", nil, nil, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			var u Upgrader
			c, err := u.Upgrade(w, request(tt.changes), tt.response)
			if _, ok := err.(HandshakeError); !ok || c != nil {
				t.Errorf("Upgrade() = %v, %v, want a HandshakeError", c, err)
			}
			if w.Code != tt.status || w.Header().Get("Sec-Websocket-Version") != "13" || strings.TrimSpace(w.Body.String()) != http.StatusText(tt.status) {
				t.Errorf("response %d %v %q, want %d", w.Code, w.Header(), w.Body, tt.status)
			}
			var status int
			var reason error
			u.Error = func(w http.ResponseWriter, r *http.Request, s int, err error) { status, reason = s, err }
			w = httptest.NewRecorder()
			if _, err = u.Upgrade(w, request(tt.changes), tt.response); status != tt.status || reason != err || w.Body.Len() > 0 {
				t.Errorf("Error was called with %d, %v, want %d, %v; %d bytes were written", status, reason, tt.status, err, w.Body.Len())
			}
			w = httptest.NewRecorder()
			if tt.status != 403 {
				if _, err := Upgrade(w, request(tt.changes), tt.response, 0, 0); err == nil || w.Body.Len() > 0 {
					t.Errorf("func Upgrade = %v, and %d bytes were written", err, w.Body.Len())
				}
			}
		})
	}
}

// upgrade answers r over a network connection, and returns the response.
func upgrade(t *testing.T, u *Upgrader, r *http.Request, header http.Header) (*Conn, *http.Response) {
	t.Helper()
	conns := make(chan *Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := u.Upgrade(w, r, header)
		if err != nil {
			t.Errorf("Upgrade() = %v", err)
		}
		conns <- c
	}))
	t.Cleanup(s.Close)
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	r.Write(nc)
	resp, err := http.ReadResponse(bufio.NewReader(nc), r)
	if err != nil {
		t.Fatal(err)
	}
	c := <-conns
	t.Cleanup(func() { c.Close() })
	return c, resp
}

func TestUpgradeAccepts(t *testing.T) {
	const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, tt := range []struct {
		name    string
		changes map[string]string
		u       Upgrader
		header  http.Header
		want    http.Header
	}{
		{"nothing more", nil, Upgrader{}, nil, nil},
		{"same origin", map[string]string{"Origin": "https://A.example"}, Upgrader{}, nil, nil},
		{"CheckOrigin", map[string]string{"Origin": "https://b.example"}, Upgrader{CheckOrigin: func(*http.Request) bool { return true }}, nil, nil},
		{"sub-protocol of the server's choice", map[string]string{"Sec-Websocket-Protocol": "a, b ,c"}, Upgrader{Subprotocols: []string{"x", "c", "b"}}, nil, http.Header{"Sec-Websocket-Protocol": {"c"}}},
		{"no sub-protocol in common", map[string]string{"Sec-Websocket-Protocol": "a"}, Upgrader{Subprotocols: []string{"x"}}, http.Header{"Sec-Websocket-Protocol": {"ignored"}}, nil},
		{"sub-protocol of the application", map[string]string{"Sec-Websocket-Protocol": "a"}, Upgrader{}, http.Header{"Sec-Websocket-Protocol": {"a"}}, http.Header{"Sec-Websocket-Protocol": {"a"}}},
		{"headers", nil, Upgrader{}, http.Header{"Set-Cookie": {"a=1", "b=2"}, "X": {"a\r\nY: b"}}, http.Header{"Set-Cookie": {"a=1", "b=2"}, "X": {"a  Y: b"}}},
		{"compression", map[string]string{"Sec-Websocket-Extensions": "x, permessage-deflate"}, Upgrader{EnableCompression: true}, nil, http.Header{"Sec-Websocket-Extensions": {agreed}}},
		{"a smaller window", map[string]string{"Sec-Websocket-Extensions": "permessage-deflate; server_max_window_bits=10"}, Upgrader{EnableCompression: true}, nil, http.Header{"Sec-Websocket-Extensions": {agreed + "; server_max_window_bits=10"}}},
		{"compression that is not wanted", map[string]string{"Sec-Websocket-Extensions": "permessage-deflate"}, Upgrader{}, nil, nil},
		{"a time limit", nil, Upgrader{HandshakeTimeout: patience}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.changes)
			c, resp := upgrade(t, &tt.u, r, tt.header)
			want := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}
			for name, values := range tt.want {
				want[name] = values
			}
			if resp.StatusCode != 101 || !reflect.DeepEqual(resp.Header, want) {
				t.Errorf("response %d %v, want %v", resp.StatusCode, resp.Header, want)
			}
			if got := c.Subprotocol(); got != want.Get("Sec-Websocket-Protocol") {
				t.Errorf("Subprotocol() = %q", got)
			}
		})
	}
}

// A frame that arrives before the response was sent is not what a client may do.
func TestUpgradeEarlyData(t *testing.T) {
	refused := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond) // for net/http to read what follows
		var u Upgrader
		_, err := u.Upgrade(w, r, nil)
		refused <- err
	}))
	defer s.Close()
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	var head strings.Builder
	request(nil).Write(&head)
	nc.Write([]byte(head.String() + "\x81\x80\x00\x00\x00\x00"))
	if err := <-refused; err == nil {
		t.Error("Upgrade() = nil, want an error")
	}
	if n, err := nc.Read(make([]byte, 1)); err == nil {
		t.Errorf("the client received %d bytes, want the end", n)
	}
}

func TestRequests(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes map[string]string
		want    bool
	}{
		{"upgrade", nil, true},
		{"other case", map[string]string{"Connection": "UPGRADE", "Upgrade": "foo, webSocket"}, true},
		{"no Upgrade", map[string]string{"Upgrade": ""}, false},
		{"no Connection", map[string]string{"Connection": "keep-alive"}, false},
	} {
		if got := IsWebSocketUpgrade(request(tt.changes)); got != tt.want {
			t.Errorf("%s: IsWebSocketUpgrade() = %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		header string
		want   []string
	}{{"", nil}, {" a , b", []string{"a", "b"}}, {"a", []string{"a"}}} {
		if got := Subprotocols(request(map[string]string{"Sec-Websocket-Protocol": tt.header})); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Subprotocols(%q) = %q, want %q", tt.header, got, tt.want)
		}
	}
}
