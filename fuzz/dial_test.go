package fuzz

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// placeholder stands in a response for the accept key, which nobody can know before
// the request.
const placeholder = "ACCEPT"

// FuzzDial: whatever is passed to Dial, it sends one request to each server, with what
// was passed in it and nothing else, or none and fails; whatever the server answers,
// Dial fails and the connection is closed, or the answer is one that accepts, and the
// Conn is as FuzzClientConn has it.
func FuzzDial(f *testing.F) {
	const accepts = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + placeholder + "\r\n"
	frames := wstest.Text("hello").Append(nil)
	frames = wstest.Ping("1").Append(frames)
	frames = wstest.Close(1000, "bye").Append(frames)
	deflated := wstest.CompressedFrames(codec.OpText, new(wstest.Deflater).Message([]byte("hello")), 0)[0].Append(nil)
	for i, u := range []string{
		"ws://example.com/chat?x=1", "http://user:pass@example.com:80", "ws://[fe80::1%25eth0]:8080/%20?a b", "wss://example.com/",
		"ws+unix:///tmp/a%20b:/path?q", "ws://a/\r\nX: y", "ws://a b/", "ws://a%0d%0ab/", "ws://a:99999/", "ws://user\r\n:p@a/", "ftp://a/", "ws://a/#f", "//a", "ws://EXAMPLE.com:443/a//b",
	} {
		f.Add(u, "", "X-Name", "value", "chat", []byte(accepts+"\r\n"+string(frames)), uint16(i<<formShift)|uint16(echoing), byte(i), uint16(1000), uint16(1))
	}
	for i, response := range []string{
		"HTTP/1.1 100 Continue\r\n\r\n" + accepts + "Sec-WebSocket-Protocol: chat\r\n\r\n" + string(frames),
		accepts + "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_max_window_bits=10\r\n\r\n" + string(deflated),
		accepts + "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7\r\n\r\n",
		accepts + "Sec-WebSocket-Protocol: other\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n",
		"HTTP/1.1 307 x\r\nLocation: ws://other.example:1/\r\nSet-Cookie: a=b\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\n\r\n" + accepts + "\r\n" + string(frames), // a proxy, and a server behind it
		"\x05\x02\x01\x00\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x50" + accepts + "\r\n" + string(frames),
		"\x05\x00\x05\x00\x00\x03\x01a\x00\x50" + accepts + "\r\n",
	} {
		for how := range byte(4) {
			f.Add("ws://example.com/", "", "Cookie", "a=b", "chat,superchat", []byte(response), uint16(compressed|setting(how)*stays), how, uint16(i), uint16(50))
		}
	}
	f.Add("ws://a/", "b\r\nX: y", "X", "y\r\nZ: z", "a b", []byte{}, uint16(0), byte(0), uint16(0), uint16(0))
	f.Add("ws://a/", "b:1", "Host", "c", "chat,chat", []byte{}, uint16(0), byte(0), uint16(0), uint16(0))
	f.Add("ws://a/", "", "Origin", "http://a\x00", "", []byte{}, uint16(0), byte(0), uint16(0), uint16(0))

	f.Fuzz(func(t *testing.T, rawURL, host, name, value, protocols string, response []byte, options uint16, how byte, first, then uint16) {
		if len(response) > 32<<10 || len(rawURL)+len(host)+len(name)+len(value)+len(protocols) > 8<<10 {
			return
		}
		lent := pool.Lent()
		synctest.Test(t, func(t *testing.T) {
			c := call{t: t, url: rawURL, host: host, name: name, value: value, setting: setting(options), original: response, sizes: []int{int(first) + 1, int(then) + 1}}
			if protocols != "" {
				c.protocols = strings.Split(protocols, ",")
			}
			c.proxy = [...]*url.URL{nil, nil, {Scheme: "http", Host: "proxy", User: url.UserPassword(host, value)}, {Scheme: "socks5", Host: "proxy", User: url.UserPassword(host, value)}}[how%4]
			c.dial()
		})
		if left := pool.Lent() - lent; left != 0 {
			t.Fatalf("%d buffers are left", left)
		}
	})
}

// call is a call of Dial.
type call struct {
	t                      *testing.T
	url, host, name, value string
	protocols              []string
	proxy                  *url.URL
	setting                setting
	original               []byte // response, with a placeholder
	sizes                  []int

	wires            []*wire // a connection for each server, or its proxy
	accept, response []byte  // of the last one
}

func (c *call) dial() {
	o := websocket.DialOptions{
		Options:      *c.setting.options(),
		Header:       http.Header{c.name: {c.value}},
		Host:         c.host,
		Proxy:        func(*http.Request) (*url.URL, error) { return c.proxy, nil },
		NetDial:      c.connect,
		MaxRedirects: 2,
	}
	o.Subprotocols = c.protocols
	conn, err := websocket.Dial(context.Background(), c.url, &o)
	synctest.Wait()
	if _, misused := errors.AsType[codec.Misuse](err); (conn == nil) == (err == nil) || misused && len(c.wires) > 0 && len(c.wires[0].sent) > 0 {
		c.t.Fatalf("Dial(%q) = %p, %v, and %d connections", c.url, conn, err, len(c.wires))
	}
	for i, w := range c.wires {
		last := i == len(c.wires)-1
		if !w.closed && !(last && conn != nil) {
			c.t.Fatalf("Dial(%q): %v, and connection %d stays open", c.url, err, i)
		}
		head := c.wantRequest(w.sent, i, last && conn != nil)
		if last && conn != nil {
			c.converse(conn, w, head)
		}
	}
}

// connect connects to a server, whose response gets the accept key when there is one.
func (c *call) connect(context.Context, string, string) (net.Conn, error) {
	response := bytes.Clone(c.original)
	w := newWire(response, c.setting.has(stays), 0, c.sizes...)
	w.asked = func(request []byte) {
		_, key, ok := bytes.Cut(request, []byte("\r\nSec-WebSocket-Key: "))
		if !ok || len(key) < 24 {
			return
		}
		accept := codec.AcceptKey(key[:24])
		read := len(response) - len(w.in)
		w.in = bytes.Replace(w.in, []byte(placeholder), accept[:], 1)
		c.accept, c.response = accept[:], append(response[:read:read], w.in...)
	}
	c.wires = append(c.wires, w)
	return w, nil
}

// wantRequest checks what was sent on connection i and returns what is behind the
// request, if that was accepted. There may be none, or another protocol, for TLS.
func (c *call) wantRequest(sent []byte, i int, accepted bool) []byte {
	t := c.t
	t.Helper()
	rest := c.behindProxy(sent)
	if len(rest) == 0 || rest[0] == 0x16 {
		if accepted {
			t.Fatalf("Dial(%q) succeeds, and has sent %q", c.url, sent)
		}
		return nil
	}
	r := codec.Request{MaxBytes: 65535}
	n, err := r.Parse(rest)
	if err == nil {
		err = r.Check(c.protocols...)
	}
	if err != nil && (err != codec.ErrSubprotocol || len(c.protocols) <= 64) {
		t.Fatalf("Dial(%q) sends %q: %v", c.url, rest, err)
	}
	if !accepted && n < len(rest) {
		t.Fatalf("Dial(%q) fails, and sends %q behind its request", c.url, rest[n:])
	}
	std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(rest[:n])))
	if err != nil || std.ContentLength != 0 || std.Close {
		t.Fatalf("Dial(%q) sends %q; net/http: %v", c.url, rest[:n], err)
	}
	if i == 0 {
		c.wantTold(&r, rest[:n])
	}
	for name := range r.Fields() {
		if !slices.Contains(dialFields, http.CanonicalHeaderKey(string(name))) && !strings.EqualFold(string(name), c.name) {
			t.Fatalf("Dial(%q) sends %q, in which %q was not asked for", c.url, rest[:n], name)
		}
	}
	return rest[n:]
}

// dialFields are the header lines that Dial may send unasked.
var dialFields = []string{
	"Host", "Upgrade", "Connection", "Sec-Websocket-Version", "Sec-Websocket-Key", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions", "Authorization", "User-Agent",
}

// wantTold checks that the first request says what the caller has passed.
func (c *call) wantTold(r *codec.Request, head []byte) {
	t := c.t
	t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatalf("Dial(%q) sends %q, but net/url says %v", c.url, head, err)
	}
	host := string(r.Header("Host"))
	name, _, _ := strings.Cut(u.Hostname(), "%")
	switch {
	case c.host != "" && host != c.host:
		t.Fatalf("Dial with Host %q sends %q", c.host, head)
	case c.host == "" && u.Host != "" && !strings.EqualFold((&url.URL{Host: host}).Hostname(), name):
		t.Fatalf("Dial(%q) sends %q", c.url, head)
	case u.Host != "" && string(r.Path()) != (&url.URL{Path: u.Path, RawPath: u.RawPath}).RequestURI():
		t.Fatalf("Dial(%q) sends the target %q, want the path %q", c.url, r.Target(), u.EscapedPath())
	case u.Host != "" && unescaped(string(r.Query())) != unescaped(u.RawQuery):
		t.Fatalf("Dial(%q) sends the target %q, want the query %q or an escaped form", c.url, r.Target(), u.RawQuery)
	case u.User == nil && r.Header("Authorization") != nil && !strings.EqualFold(c.name, "Authorization"):
		t.Fatalf("Dial(%q) sends %q", c.url, head)
	}
	var told, offered []string
	for v := range r.Values(c.name) {
		told = append(told, string(v))
	}
	agent := strings.EqualFold(c.name, "User-Agent")
	want := []string{strings.Trim(c.value, " \t")}
	if agent && want[0] == "" {
		want = nil // how to send none
	}
	if !slices.Equal(told, want) {
		t.Fatalf("Dial with header %q: %q sends %q", c.name, c.value, head)
	}
	for v := range r.Subprotocols() {
		offered = append(offered, string(v))
	}
	if !slices.Equal(offered, c.protocols) {
		t.Fatalf("Dial with sub-protocols %q sends %q", c.protocols, head)
	}
	lines := 7 + len(want) + strings.Count(string(head), "\r\nSec-WebSocket-Protocol: ") + strings.Count(string(head), "\r\nSec-WebSocket-Extensions: ")
	if u.User != nil && !strings.EqualFold(c.name, "Authorization") {
		lines++
	}
	if agent {
		lines--
	}
	if got := bytes.Count(head, []byte("\n")) - 1; got != lines {
		t.Fatalf("Dial sends %d lines, want %d: %q", got, lines, head)
	}
}

// unescaped undoes the escapes in a query, and leaves every "%" that begins none.
func unescaped(query string) string {
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		if octet, err := url.PathUnescape(query[i:min(i+3, len(query))]); query[i] == '%' && err == nil {
			b.WriteString(octet)
			i += 2
			continue
		}
		b.WriteByte(query[i])
	}
	return b.String()
}

// behindProxy checks what was said to the proxy, and returns the rest.
func (c *call) behindProxy(sent []byte) []byte {
	c.t.Helper()
	scheme, _, _ := strings.Cut(strings.ToLower(c.url), ":")
	if c.proxy == nil || strings.HasSuffix(scheme, "+unix") {
		return sent
	}
	if c.proxy.Scheme == "http" {
		return c.behindConnect(sent)
	}
	rest, ok := behindSOCKS(sent)
	if !ok {
		c.t.Fatalf("Dial(%q) says to a SOCKS proxy %q", c.url, sent)
	}
	return rest
}

// behindConnect checks the request for a tunnel.
func (c *call) behindConnect(sent []byte) []byte {
	c.t.Helper()
	head, rest, whole := bytes.Cut(sent, []byte("\r\n\r\n"))
	if len(sent) == 0 {
		return nil
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
	if err != nil || !whole || r.Method != http.MethodConnect || r.ContentLength != 0 || r.Host != r.RequestURI {
		c.t.Fatalf("Dial(%q) says to a proxy %q: %v", c.url, sent, err)
	}
	lines := 3
	if strings.EqualFold(c.name, "User-Agent") && strings.Trim(c.value, " \t") == "" {
		lines--
	}
	if bytes.Count(head, []byte("\n")) != lines || r.Header.Get("Proxy-Authorization") == "" {
		c.t.Fatalf("Dial(%q) says to a proxy %q, want Host, User-Agent and Proxy-Authorization", c.url, head)
	}
	return rest
}

// behindSOCKS returns what is behind what a client says to a SOCKS5 proxy (RFC 1928,
// RFC 1929), as far as that goes.
func behindSOCKS(sent []byte) (rest []byte, ok bool) {
	take := func(n int) (b []byte) {
		n = min(n, len(sent))
		b, sent = sent[:n], sent[n:]
		return b
	}
	counted := func() bool { // by the byte in front
		n := take(1)
		return len(n) == 1 && n[0] > 0 && len(take(int(n[0]))) == int(n[0])
	}
	if len(sent) == 0 {
		return nil, true
	}
	if !bytes.Equal(take(4), []byte{5, 2, 0, 2}) {
		return nil, false
	}
	if len(sent) > 0 && sent[0] == 1 {
		take(1)
		if name := counted(); !name {
			return nil, false
		}
		if password := counted(); !password {
			return nil, false
		}
	}
	if len(sent) == 0 {
		return nil, true
	}
	if !bytes.Equal(take(3), []byte{5, 1, 0}) {
		return nil, false
	}
	switch kind := take(1); {
	case bytes.Equal(kind, []byte{1}):
		ok = len(take(4)) == 4
	case bytes.Equal(kind, []byte{3}):
		ok = counted()
	case bytes.Equal(kind, []byte{4}):
		ok = len(take(16)) == 16
	}
	port := take(2)
	return sent, ok && len(port) == 2
}

// converse lives on the connection that Dial has returned. behind is what was sent
// behind the request by now.
func (c *call) converse(conn *websocket.Conn, w *wire, behind []byte) {
	agreed := terms{setting: c.setting}
	if e := conn.Extensions(); e != "" {
		params, err := wstest.ParseDeflate([]string{e})
		if err != nil || len(params) != 1 {
			c.t.Fatalf("the extension that was agreed on is %q: %v", e, err)
		}
		agreed.deflates = true
		agreed.params = deflate.Params{
			ServerNoContextTakeover: params[0].ServerNoContextTakeover, ServerMaxWindowBits: uint8(params[0].ServerMaxWindowBits),
			ClientNoContextTakeover: params[0].ClientNoContextTakeover, ClientMaxWindowBits: uint8(params[0].ClientMaxWindowBits),
		}
	}
	// Only the response that accepts has the accept key, and it once.
	_, accepting, found := bytes.Cut(c.response, c.accept)
	_, frames, whole := bytes.Cut(accepting, []byte("\r\n\r\n"))
	if !found || !whole {
		c.t.Fatalf("Dial takes %q for an answer to the key for which %q is", c.response, c.accept)
	}
	if p := conn.Subprotocol(); p != "" && !slices.Contains(c.protocols, p) {
		c.t.Fatalf("the sub-protocol is %q, of %q", p, c.protocols)
	}
	want := expect(frames, codec.Client, agreed)
	before := len(w.sent) - len(behind)
	live(c.t, conn, agreed, &want)
	want.wantSent(c.t, w.sent[before:], codec.Client, agreed)
}
