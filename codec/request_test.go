package codec

import (
	"bytes"
	"strings"
	"testing"
)

// verdict is what a request comes to: Parse and, if it succeeds, Check.
func verdict(r *Request, b []byte) (n int, parse, check error) {
	n, parse = r.Parse(b)
	if parse == nil {
		check = r.Check()
	}
	return n, parse, check
}

func TestRequest(t *testing.T) {
	for _, tc := range append(validRequests(), invalidRequests()...) {
		t.Run(tc.name, func(t *testing.T) {
			size := len(tc.head)
			if tc.parse != nil {
				size = 0
			}
			for _, tail := range []string{"", "\x81\x85\x37\xfa\x21\x3d", "GET / HTTP/1.1\r\n\r\n"} {
				var r Request
				b := []byte(tc.head + tail)
				n, parse, check := verdict(&r, b)
				if n != size || parse != tc.parse || check != tc.check {
					t.Fatalf("whole, %d bytes behind: got n=%d %v, Check %v; want n=%d %v, Check %v",
						len(tail), n, parse, check, size, tc.parse, tc.check)
				}
				if string(b) != tc.head+tail {
					t.Fatalf("Parse changed its input")
				}
				if again, err := r.Parse(b); again != n || err != parse {
					t.Fatalf("Parse once more: got n=%d %v, want n=%d %v", again, err, n, parse)
				}
			}
			testRequestByteByByte(t, tc)
		})
	}
}

// testRequestByteByByte gives Parse one byte more each time, in a buffer of its
// own each time, whose forerunner is overwritten.
func testRequestByteByByte(t *testing.T, tc requestCase) {
	var r Request
	old := []byte{}
	for cut := range len(tc.head) + 1 {
		b := append([]byte(nil), tc.head[:cut]...)
		for i := range old {
			old[i] = 0xAA
		}
		old = b
		n, parse, check := verdict(&r, b)
		switch {
		case parse == ErrShort:
			if n != 0 {
				t.Fatalf("Parse(first %d bytes) = %d, ErrShort, want 0", cut, n)
			}
			if tc.parse == nil && r.Method() != nil {
				t.Fatalf("Method after %d bytes: got %q, want nil", cut, r.Method())
			}
		case parse != tc.parse || check != tc.check:
			t.Fatalf("after %d bytes: got %v, Check %v; want %v, Check %v", cut, parse, check, tc.parse, tc.check)
		case parse == nil && (n != len(tc.head) || cut != n):
			t.Fatalf("after %d bytes: got n=%d, want %d", cut, n, len(tc.head))
		default:
			return
		}
	}
	t.Fatalf("byte by byte: ErrShort after all %d bytes, want %v", len(tc.head), tc.parse)
}

func TestRequestRefusedEarly(t *testing.T) {
	for _, tc := range []struct {
		name string
		head string
		at   int // bytes that suffice
		want Refusal
	}{
		{"TLS ClientHello", "\x16\x03\x01", 1, ErrRequestLine},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n", 5, ErrHTTPMajor},
		{"SSH banner", "SSH-2.0-x\r\n", 10, ErrRequestLine},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n", 14, ErrHTTP10},
		{"HTTP/2.0", "GET / HTTP/2.0\r\n", 12, ErrHTTPMajor},
		{"folded line", "GET / HTTP/1.1\r\n x", 17, ErrHeaderFold},
		{"Host empty", "GET / HTTP/1.1\r\nHost: \r\n", 24, ErrHost},
		{"Host twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 34, ErrHostTwice},
		{"control character", "GET / HTTP/1.1\r\nA: \x01", 20, ErrHeaderValue},
		{"64 KiB of a name", "GET / HTTP/1.1\r\n" + strings.Repeat("a", MaxHeadBytes), MaxHeadBytes, ErrHeadTooBig},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Request
			if _, err := r.Parse([]byte(tc.head[:tc.at-1])); err != ErrShort {
				t.Errorf("Parse(first %d bytes): got %v, want ErrShort", tc.at-1, err)
			}
			if _, err := r.Parse([]byte(tc.head[:tc.at])); err != tc.want {
				t.Errorf("Parse(first %d bytes): got %v, want %v", tc.at, err, tc.want)
			}
		})
	}
}

func TestRequestMaxBytes(t *testing.T) {
	for _, tc := range []struct {
		name      string
		max, size int
		want      error
	}{
		{"at a smaller limit", 1000, 1000, nil},
		{"above a smaller limit", 1000, 1001, ErrHeadTooBig},
		{"at a larger limit", 40000, 40000, nil},
		{"above a larger limit", 40000, 40001, ErrHeadTooBig},
		{"at a limit above 16 bits", 1 << 20, 1 << 20, nil},
		{"above a limit above 16 bits", 1 << 20, 1<<20 + 1, ErrHeadTooBig},
		{"negative is the default", -1, MaxHeadBytes, nil},
		{"above the default", -1, MaxHeadBytes + 1, ErrHeadTooBig},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Request{MaxBytes: tc.max}
			n, err := r.Parse([]byte(padded(tc.size)))
			if err != tc.want || err == nil && (n != tc.size || len(r.Header("X")) < 500) {
				t.Errorf("Parse(%d bytes) with MaxBytes %d = %d, %v, want %v", tc.size, tc.max, n, err, tc.want)
			}
		})
	}
}

func TestHeadMaxLines(t *testing.T) {
	for _, tc := range []struct {
		name       string
		max, lines int
		want       error
	}{
		{"the default", 0, MaxHeadLines, nil},
		{"above the default", 0, MaxHeadLines + 1, ErrTooManyLines},
		{"a smaller limit", 40, 40, nil},
		{"above a smaller limit", 40, 41, ErrTooManyLines},
		{"a larger limit", 2000, 2000, nil},
		{"above a larger limit", 2000, 2001, ErrTooManyLines},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := strings.Repeat("X: y\r\n", tc.lines-1) + "Host: a\r\n\r\n"
			r := Request{MaxLines: tc.max}
			for range 2 { // Reset keeps the limit
				_, err := r.Parse([]byte("GET / HTTP/1.1\r\n" + lines))
				if err != tc.want || err == nil && string(r.Host()) != "a" {
					t.Errorf("Request.Parse(%d lines) with MaxLines %d = %v, want %v", tc.lines, tc.max, err, tc.want)
				}
				r.Reset()
			}
			a := Response{MaxLines: tc.max}
			if _, err := a.Parse([]byte("HTTP/1.1 200 OK\r\n" + lines)); err != tc.want {
				t.Errorf("Response.Parse(%d lines) with MaxLines %d = %v, want %v", tc.lines, tc.max, err, tc.want)
			}
		})
	}
}

// What Parse has scanned it must not scan again: the scan goes on exactly where
// the bytes ended, and the bytes of a value may be gone when it does.
func TestPromise17HeadIsScannedOnce(t *testing.T) {
	head := padded(MaxHeadBytes)
	from := strings.Index(head, "xxx")
	b := []byte(head)
	var r Request
	for cut := range len(head) {
		if _, err := r.Parse(b[:cut]); err != ErrShort {
			t.Fatalf("Parse(first %d bytes): got %v, want ErrShort", cut, err)
		}
		if r.pos != cut {
			t.Fatalf("Parse(first %d bytes) scanned to %d, want %d", cut, r.pos, cut)
		}
		if cut > from && cut < len(head)-8 {
			b[cut-1] = 0 // a second look would refuse this
		}
	}
	if n, err := r.Parse(b); n != len(head) || err != nil {
		t.Errorf("Parse = %d, %v, want %d, nil", n, err, len(head))
	}
}

func TestRequestAccessors(t *testing.T) {
	head := lines("GET http://other.example:81/a/b?c=d?e HTTP/1.1", "Host: server.example.com", "X-One:  1 ",
		"Origin: http://example.com", "x-one: 2", "Sec-WebSocket-Protocol: a , b", "Empty:", "Sec-WebSocket-Protocol: c", "Sec-WebSocket-Key: k",
		"Sec-WebSocket-Extensions: x; y, z", "Sec-WebSocket-Extensions:")
	var r Request
	if _, err := r.Parse([]byte(head)); err != nil {
		t.Fatal(err)
	}
	var values, names, protocols, extensions []string
	for e := range r.Extensions() {
		extensions = append(extensions, string(e))
	}
	for v := range r.Values("X-ONE") {
		values = append(values, string(v))
	}
	for k, v := range r.Fields() {
		names = append(names, string(k)+"="+string(v))
	}
	for p := range r.Subprotocols() {
		protocols = append(protocols, string(p))
	}
	for _, tc := range []struct{ name, got, want string }{
		{"Method", string(r.Method()), "GET"},
		{"Target", string(r.Target()), "http://other.example:81/a/b?c=d?e"},
		{"Path", string(r.Path()), "/a/b"},
		{"Query", string(r.Query()), "c=d?e"},
		{"Host", string(r.Host()), "other.example:81"},
		{"Key", string(r.Key()), "k"},
		{"Origin", string(r.Origin()), "http://example.com"},
		{"Header", string(r.Header("x-ONE")), "1"},
		{"Values", strings.Join(values, "|"), "1|2"},
		{"Subprotocols", strings.Join(protocols, "|"), "a|b|c"},
		{"Fields", strings.Join(names, "|"), "Host=server.example.com|X-One=1|Origin=http://example.com|x-one=2|" +
			"Sec-WebSocket-Protocol=a , b|Empty=|Sec-WebSocket-Protocol=c|Sec-WebSocket-Key=k|" +
			"Sec-WebSocket-Extensions=x; y, z|Sec-WebSocket-Extensions="},
		{"Extensions", strings.Join(extensions, "|"), "x; y, z|"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
	if got := r.Header("Empty"); got == nil || len(got) != 0 {
		t.Errorf("Header(Empty): got %#v, want empty, not nil", got)
	}
	if got := r.Header("None"); got != nil {
		t.Errorf("Header(None): got %q, want nil", got)
	}
	for range r.Subprotocols() {
		break
	}
	for range r.Fields() {
		break
	}
	if cap(r.Method()) != 3 || cap(r.Header("X-One")) != 1 {
		t.Errorf("a slice has room behind its end: cap(Method) = %d, cap(Header) = %d", cap(r.Method()), cap(r.Header("X-One")))
	}
	r.Reset()
	if r.Method() != nil || r.Host() != nil || r.Header("X-One") != nil || r.Check() != ErrMethod {
		t.Errorf("after Reset: something is left of the last request")
	}
	for k := range r.Fields() {
		t.Errorf("after Reset: Fields yields %q", k)
	}
	if n, err := r.Parse([]byte(upgrade())); n != len(upgrade()) || err != nil || string(r.Path()) != "/chat" || string(r.Host()) != "server.example.com" {
		t.Errorf("Parse after Reset = %d, %v, Path %q, Host %q", n, err, r.Path(), r.Host())
	}
}

func TestRequestParts(t *testing.T) {
	for _, tc := range []struct{ target, path, query, host string }{
		{"/", "/", "", "h"},
		{"/?", "/", "", "h"},
		{"/a?b", "/a", "b", "h"},
		{"/?/?", "/", "/?", "h"},
		{"//a", "//a", "", "h"},
		{"http://a", "/", "", "a"},
		{"http://a?b", "/", "b", "a"},
		{"HTTPS://[::1]:8/c?b", "/c", "b", "[::1]:8"},
	} {
		var r Request
		if _, err := r.Parse([]byte(lines("GET "+tc.target+" HTTP/1.1", "Host: h"))); err != nil {
			t.Errorf("Parse(%q): %v", tc.target, err)
		}
		if string(r.Path()) != tc.path || string(r.Query()) != tc.query || string(r.Host()) != tc.host {
			t.Errorf("%q: got path %q query %q host %q, want %q %q %q", tc.target, r.Path(), r.Query(), r.Host(), tc.path, tc.query, tc.host)
		}
	}
}

func TestRequestIsUpgrade(t *testing.T) {
	for _, tc := range []struct {
		name, head string
		want       bool
	}{
		{"websocket", upgrade(), true},
		{"websocket, wrong version", swap("13", "7"), true},
		{"h2c", swap("websocket", "h2c"), false},
		{"plain", lines("GET / HTTP/1.1", "Host: a"), false},
	} {
		var r Request
		if _, err := r.Parse([]byte(tc.head)); err != nil || r.IsUpgrade() != tc.want {
			t.Errorf("%s: IsUpgrade = %t, want %t (Parse: %v)", tc.name, r.IsUpgrade(), tc.want, err)
		}
	}
}

func TestRequestShrunk(t *testing.T) {
	var r Request
	b := []byte(upgrade())
	r.Parse(b[:50])
	if n, err := r.Parse(b[:20]); n != 0 || err != ErrShort {
		t.Errorf("Parse of fewer bytes than before = %d, %v, want 0, ErrShort", n, err)
	}
	if n, err := r.Parse(b); n != len(b) || err != nil {
		t.Errorf("Parse of all bytes then = %d, %v, want %d, nil", n, err, len(b))
	}
	if string(r.Header("Upgrade")) != "websocket" || !bytes.Equal(r.Target(), []byte("/chat")) {
		t.Errorf("got Upgrade %q, Target %q", r.Header("Upgrade"), r.Target())
	}
}
