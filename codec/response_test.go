package codec

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

var sampleNonce = [24]byte([]byte(sampleKey))

const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// accepted is a valid response with the given lines at its end.
func accepted(more ...string) string {
	return lines(append([]string{
		"HTTP/1.1 101 Switching Protocols",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Accept: " + sampleAccept,
	}, more...)...)
}

// change is accepted with one part of it replaced.
func change(from, to string) string {
	s := accepted()
	if !strings.Contains(s, from) {
		panic("change: no " + from)
	}
	return strings.Replace(s, from, to, 1)
}

func TestResponse(t *testing.T) {
	offered := []string{"chat", "superchat"}
	for _, tc := range []struct {
		name         string
		head         string
		parse, check error
	}{
		{"RFC 6455 §1.2", accepted("Sec-WebSocket-Protocol: chat"), nil, nil},
		{"no sub-protocol", accepted(), nil, nil},
		{"no reason", change("Switching Protocols", ""), nil, nil},
		{"reason not ASCII", change("Switching Protocols", "\tProtokolle \xfc"), nil, nil},
		{"Upgrade in mixed case", change("websocket", "WebSocket"), nil, nil},
		{"Connection in a list", change("Connection: Upgrade", "connection: keep-alive, UPGRADE"), nil, nil},
		{"minor version above 1", change("HTTP/1.1", "HTTP/1.2"), nil, nil},
		{"256 lines", accepted(slices.Repeat([]string{"X: y"}, MaxHeadLines-3)...), nil, nil},
		{"64 KiB", accepted("X: " + strings.Repeat("x", MaxHeadBytes-len(accepted("X: ")))), nil, nil},

		{"not HTTP", "\x15\x03\x01\x00\x02\x02\x46", ErrStatusLine, nil},
		{"the form itself", "HTTP/1.# ### \r\n\r\n", ErrStatusLine, nil},
		{"HTTP/2", change("HTTP/1.1", "HTTP/2.0"), ErrStatusLine, nil},
		{"version in lower case", change("HTTP", "http"), ErrStatusLine, nil},
		{"no status", change(" 101 Switching Protocols", ""), ErrStatusLine, nil},
		{"status of two digits", change("101", "10"), ErrStatusLine, nil},
		{"status of four digits", change("101", "1010"), ErrStatusLine, nil},
		{"status below 100", change("101", "099"), ErrStatusLine, nil},
		{"two spaces", change(" 101", "  101"), ErrStatusLine, nil},
		{"no space behind the status", change("101 Switching Protocols", "101"), nil, nil},
		{"no reason", change("101 Switching Protocols", "101 "), nil, nil},
		{"no space, and LF alone", change("101 Switching Protocols\r\n", "101\n"), ErrStatusLine, nil},
		{"no space, and a bare CR", change("101 Switching Protocols\r\n", "101\rx\r\n"), ErrLineEnd, nil},
		{"NUL in the reason", change("Switching", "Swit\x00ching"), ErrStatusLine, nil},
		{"status line ends in LF", change("Protocols\r\n", "Protocols\n"), ErrStatusLine, nil},
		{"status line with a bare CR", change("Protocols\r\n", "Protocols\rx\r\n"), ErrLineEnd, nil},
		{"header line without a colon", accepted("Nothing"), ErrHeaderLine, nil},
		{"empty name", accepted(": x"), ErrHeaderName, nil},
		{"space before the colon", accepted("X : x"), ErrHeaderSpace, nil},
		{"folded line", accepted("X: a", " b"), nil, nil},
		{"folded line behind the accept key", accepted(" x"), nil, ErrAccept},
		{"folded accept key", change("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept:\r\n\t \r\n  "), nil, nil},
		{"folded to nothing", change("Upgrade: websocket", "Upgrade: websocket \r\n \r\n\t"), nil, nil},
		{"folded before the first line", change("Upgrade: websocket", " x"), ErrHeaderFold, nil},
		{"NUL in a folded line", accepted("X: a", " b\x00"), ErrHeaderValue, nil},
		{"NUL in a value", accepted("X: a\x00b"), ErrHeaderValue, nil},
		{"257 lines", accepted(slices.Repeat([]string{"X: y"}, MaxHeadLines-2)...), ErrTooManyLines, nil},
		{"64 KiB and a byte", accepted("X: " + strings.Repeat("x", MaxHeadBytes+1-len(accepted("X: ")))), ErrHeadTooBig, nil},

		{"200", change("101 Switching Protocols", "200 OK"), nil, ErrStatus},
		{"HTTP/1.0 403", lines("HTTP/1.0 403 Forbidden"), nil, ErrStatus},
		{"HTTP/1.0 101", change("HTTP/1.1", "HTTP/1.0"), nil, ErrHTTP10},
		{"no Upgrade", change("Upgrade: websocket\r\n", ""), nil, ErrUpgrade},
		{"wrong Upgrade", change("websocket", "h2c"), nil, ErrUpgrade},
		{"Upgrade in a list", change("websocket", "websocket, h2c"), nil, ErrUpgrade},
		{"Upgrade twice", accepted("Upgrade: websocket"), nil, ErrUpgrade},
		{"no Connection", change("Connection: Upgrade\r\n", ""), nil, ErrConnection},
		{"Connection look-alike", change("Connection: Upgrade", "Connection: xupgrade"), nil, ErrConnection},
		{"no accept", change("Sec-WebSocket-Accept: "+sampleAccept+"\r\n", ""), nil, ErrAcceptMissing},
		{"accept under a look-alike name", change("Sec-WebSocket-Accept", "Sec-WebSocket-AccepT_"), nil, ErrAcceptMissing},
		{"accept twice", accepted("Sec-WebSocket-Accept: " + sampleAccept), nil, ErrAcceptTwice},
		{"accept to another key", change("s3p", "S3p"), nil, ErrAccept},
		{"accept in upper case", change(sampleAccept, strings.ToUpper(sampleAccept)), nil, ErrAccept},
		{"accept with something behind", change(sampleAccept, sampleAccept+"="), nil, ErrAccept},
		{"accept empty", change(sampleAccept, ""), nil, ErrAccept},
		{"empty list of extensions", accepted("Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: , ,"), nil, nil},
		{"extension not offered, after an empty element", accepted("Sec-WebSocket-Extensions: ,\r\nSec-WebSocket-Extensions: , x"), nil, ErrExtension},
		{"extension not offered", accepted("Sec-WebSocket-Extensions: permessage-deflate"), nil, ErrExtension},
		{"two sub-protocol lines", accepted("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"), nil, ErrSubprotocolSeveral},
		{"two sub-protocols", accepted("Sec-WebSocket-Protocol: chat, superchat"), nil, ErrSubprotocolUnoffered},
		{"sub-protocol not offered", accepted("Sec-WebSocket-Protocol: other"), nil, ErrSubprotocolUnoffered},
		{"sub-protocol in other case", accepted("Sec-WebSocket-Protocol: Chat"), nil, ErrSubprotocolUnoffered},
		{"sub-protocol empty", accepted("Sec-WebSocket-Protocol:"), nil, ErrSubprotocolUnoffered},
	} {
		t.Run(tc.name, func(t *testing.T) {
			size := len(tc.head)
			if tc.parse != nil {
				size = 0
			}
			judge := func(r *Response, b []byte) (n int, parse, check error) {
				n, parse = r.Parse(b)
				if parse == nil {
					check = r.Check(sampleNonce, offered, false)
				}
				return n, parse, check
			}
			var r Response
			n, parse, check := judge(&r, []byte(tc.head+"\x81\x05Hello"))
			if n != size || parse != tc.parse || check != tc.check {
				t.Errorf("whole: got n=%d %v, Check %v; want n=%d %v, Check %v", n, parse, check, size, tc.parse, tc.check)
			}
			if again, err := r.Parse([]byte(tc.head)); again != n || err != parse {
				t.Errorf("Parse once more: got n=%d %v, want n=%d %v", again, err, n, parse)
			}
			r.Reset()
			for cut := range len(tc.head) + 1 {
				n, parse, check = judge(&r, []byte(tc.head[:cut]))
				if parse != ErrShort {
					break
				}
				if n != 0 || r.Status() != 0 || r.Reason() != nil {
					t.Fatalf("Parse(first %d bytes) = %d, ErrShort; Status %d, Reason %q", cut, n, r.Status(), r.Reason())
				}
			}
			if n != size || parse != tc.parse || check != tc.check {
				t.Errorf("byte by byte: got n=%d %v, Check %v; want n=%d %v, Check %v", n, parse, check, size, tc.parse, tc.check)
			}
		})
	}
}

func TestResponseAccessors(t *testing.T) {
	var r Response
	head := lines("HTTP/1.1 404 Not Found", "Content-Length: 4", "Sec-WebSocket-Protocol: chat")
	if n, err := r.Parse([]byte(head + "gone")); n != len(head) || err != nil {
		t.Fatalf("Parse = %d, %v, want %d, nil", n, err, len(head))
	}
	if r.Status() != 404 || string(r.Reason()) != "Not Found" || string(r.Subprotocol()) != "chat" || string(r.Header("content-length")) != "4" {
		t.Errorf("got Status %d, Reason %q, Subprotocol %q, Content-Length %q", r.Status(), r.Reason(), r.Subprotocol(), r.Header("content-length"))
	}
}

func TestResponseShrunk(t *testing.T) {
	var r Response
	b := []byte(accepted())
	r.Parse(b[:50])
	if n, err := r.Parse(b[:20]); n != 0 || err != ErrShort {
		t.Errorf("Parse of fewer bytes than before = %d, %v, want 0, ErrShort", n, err)
	}
	if n, err := r.Parse(b); n != len(b) || err != nil {
		t.Errorf("Parse of all bytes then = %d, %v, want %d, nil", n, err, len(b))
	}
}

func TestResponseExtensionOffered(t *testing.T) {
	var r Response
	if _, err := r.Parse([]byte(accepted("Sec-WebSocket-Extensions: permessage-deflate"))); err != nil {
		t.Fatal(err)
	}
	if err := r.Check(sampleNonce, nil, true); err != nil {
		t.Errorf("Check(…, true) = %v, want nil", err)
	}
}

func TestAppendResponse(t *testing.T) {
	for _, tc := range []struct {
		name                         string
		key, subprotocol, extensions string
		want                         string
		err                          error
	}{
		{"plain", sampleKey, "", "", accepted(), nil},
		{"sub-protocol", sampleKey, "chat", "", accepted("Sec-WebSocket-Protocol: chat"), nil},
		{"both", sampleKey, "chat", "x; y=1", accepted("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: x; y=1"), nil},
		{"no key", "", "", "", "", MisuseKey},
		{"sub-protocol injects", sampleKey, "chat\r\nX: y", "", "", MisuseSubprotocol},
		{"sub-protocol list", sampleKey, "a, b", "", "", MisuseSubprotocol},
		{"extensions inject", sampleKey, "", "x\r\n\r\nframe", "", MisuseExtensions},
		{"extensions with NUL", sampleKey, "", "x\x00", "", MisuseExtensions},
	} {
		got, err := AppendResponse([]byte("before"), []byte(tc.key), tc.subprotocol, tc.extensions)
		if string(got) != "before"+tc.want || err != tc.err {
			t.Errorf("%s: got %q, %v; want %q, %v", tc.name, got, err, "before"+tc.want, tc.err)
		}
	}
}

func TestAppendRequest(t *testing.T) {
	good := RequestParams{Host: "server.example.com", Target: "/chat", Key: sampleNonce}
	with := func(f func(*RequestParams)) RequestParams {
		p := good
		f(&p)
		return p
	}
	header := func(name, value string) RequestParams {
		return with(func(p *RequestParams) { p.Header = maps.All(map[string]string{name: value}) })
	}
	request := func(more ...string) string {
		return lines(append([]string{"GET /chat HTTP/1.1", "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade",
			"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + sampleKey}, more...)...)
	}
	for _, tc := range []struct {
		name string
		p    RequestParams
		want string
		err  error
	}{
		{"plain", good, request(), nil},
		{"no target", with(func(p *RequestParams) { p.Target = "" }), strings.Replace(request(), "/chat", "/", 1), nil},
		{"everything", with(func(p *RequestParams) {
			p.Origin, p.Subprotocols, p.Extensions = "http://example.com", []string{"a", "b"}, "x; y"
			p.Header = maps.All(map[string]string{"Cookie": "a=b"})
		}), request("Origin: http://example.com", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: x; y", "Cookie: a=b"), nil},
		{"no host", with(func(p *RequestParams) { p.Host = "" }), "", MisuseHost},
		{"host injects", with(func(p *RequestParams) { p.Host = "a\r\nX: y" }), "", MisuseHost},
		{"target injects", with(func(p *RequestParams) { p.Target = "/ HTTP/1.1\r\nX: y" }), "", MisuseTarget},
		{"target in absolute-form", with(func(p *RequestParams) { p.Target = "http://a/" }), "", MisuseTarget},
		{"target with a fragment", with(func(p *RequestParams) { p.Target = "/#a" }), "", MisuseTarget},
		{"target of 64 KiB", with(func(p *RequestParams) { p.Target = "/" + strings.Repeat("a", 1<<16) }), "", MisuseTarget},
		{"no key", with(func(p *RequestParams) { p.Key = [24]byte{} }), "", MisuseKey},
		{"origin injects", with(func(p *RequestParams) { p.Origin = "a\nX: y" }), "", MisuseOrigin},
		{"sub-protocol empty", with(func(p *RequestParams) { p.Subprotocols = []string{""} }), "", MisuseSubprotocol},
		{"sub-protocol injects", with(func(p *RequestParams) { p.Subprotocols = []string{"a\r\nX: y"} }), "", MisuseSubprotocol},
		{"sub-protocol twice", with(func(p *RequestParams) { p.Subprotocols = []string{"a", "b", "a"} }), "", MisuseSubprotocol},
		{"extensions inject", with(func(p *RequestParams) { p.Extensions = "a\r\n\r\n" }), "", MisuseExtensions},
		{"header name empty", header("", "x"), "", MisuseHeader},
		{"header name injects", header("A: b\r\nC", "x"), "", MisuseHeader},
		{"header value injects", header("A", "b\r\nC: d"), "", MisuseHeader},
		{"header value with NUL", header("A", "b\x00"), "", MisuseHeader},
		{"header Host", header("hOST", "x"), "", MisuseReserved},
		{"header Origin", header("Origin", "x"), "", MisuseReserved},
		{"header Upgrade", header("Upgrade", "x"), "", MisuseReserved},
		{"header Connection", header("connection", "x"), "", MisuseReserved},
		{"header Content-Length", header("Content-length", "0"), "", MisuseReserved},
		{"header Transfer-Encoding", header("Transfer-Encoding", "x"), "", MisuseReserved},
		{"header Sec-WebSocket-Key", header("Sec-WebSocket-Key", "x"), "", MisuseReserved},
		{"header Sec-WebSocket-Anything", header("sec-websocket-anything", "x"), "", MisuseReserved},
	} {
		got, err := AppendRequest([]byte("before"), tc.p)
		if string(got) != "before"+tc.want || err != tc.err {
			t.Errorf("%s: got %q, %v; want %q, %v", tc.name, got, err, "before"+tc.want, tc.err)
		}
		if err != nil {
			continue
		}
		var r Request
		if n, parse, check := verdict(&r, got[len("before"):]); n != len(tc.want) || parse != nil || check != nil {
			t.Errorf("%s: what was appended is refused: n=%d, %v, %v", tc.name, n, parse, check)
		}
	}
}

func TestMisuse(t *testing.T) {
	seen := map[string]bool{}
	for m := range misuses + 1 {
		if s := m.Error(); seen[s] && m != misuses || !strings.HasPrefix(s, "codec: ") {
			t.Errorf("Misuse(%d).Error() = %q: empty or not unique", m, s)
		} else {
			seen[s] = true
		}
	}
	if got := Misuse(200).Error(); got != Misuse(0).Error() {
		t.Errorf("Misuse(200).Error() = %q, want %q", got, Misuse(0).Error())
	}
}

// A folded value is one line with spaces, however its bytes come, and bytes that come
// again may be folded again.
func TestResponseUnfolds(t *testing.T) {
	head := accepted("X: a \r\n\t b\r\n  \r\n c  ", "Y: \r\n d", "Z: e")
	want := map[string]string{"X": "a   \t b       c", "Y": "d", "Z": "e"}
	for _, name := range []string{"whole", "byte by byte"} {
		t.Run(name, func(t *testing.T) {
			var r Response
			if name == "byte by byte" {
				for cut := range len(head) {
					if _, err := r.Parse([]byte(head[:cut])); err != ErrShort {
						t.Fatalf("Parse(first %d bytes) = %v, want ErrShort", cut, err)
					}
				}
			}
			if n, err := r.Parse([]byte(head)); n != len(head) || err != nil {
				t.Fatalf("Parse() = %d, %v", n, err)
			}
			if err := r.Check(sampleNonce, nil, false); err != nil {
				t.Errorf("Check() = %v", err)
			}
			for field, value := range want {
				if got := string(r.Header(field)); got != value {
					t.Errorf("Header(%s) = %q, want %q", field, got, value)
				}
			}
		})
	}
}

// Names that are no tokens are agreed to where both ends know them.
func TestSubprotocolsThatAreNoTokens(t *testing.T) {
	const odd = "SPDY/3.1+portforward.k8s.io"
	request, err := AppendRequest(nil, RequestParams{Host: "a", Key: sampleNonce, Subprotocols: []string{odd, "b"}})
	if err != nil {
		t.Fatalf("AppendRequest: %v", err)
	}
	var r Request
	if _, err := r.Parse(request); err != nil {
		t.Fatal(err)
	}
	if err := r.Check(odd); err != nil {
		t.Errorf("Check by a server that speaks it: %v", err)
	}
	if err := r.Check("b"); err != ErrSubprotocol {
		t.Errorf("Check by a server that does not: %v, want ErrSubprotocol", err)
	}
	response, err := AppendResponse(nil, r.Key(), odd, "")
	if err != nil {
		t.Fatalf("AppendResponse: %v", err)
	}
	var a Response
	if _, err := a.Parse(response); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(sampleNonce, []string{odd, "b"}, false); err != nil || string(a.Subprotocol()) != odd {
		t.Errorf("the client: %v, %q", err, a.Subprotocol())
	}
	for _, bad := range []string{"a b", "a,b", `a"b`, "a\tb", "a\x7Fb", "\u00FC"} {
		if _, err := AppendRequest(nil, RequestParams{Host: "a", Key: sampleNonce, Subprotocols: []string{bad}}); err != MisuseSubprotocol {
			t.Errorf("AppendRequest with %q: %v, want MisuseSubprotocol", bad, err)
		}
		if _, err := AppendResponse(nil, []byte(sampleKey), bad, ""); err != MisuseSubprotocol {
			t.Errorf("AppendResponse with %q: %v, want MisuseSubprotocol", bad, err)
		}
	}
}
