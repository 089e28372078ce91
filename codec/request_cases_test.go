package codec

import (
	"fmt"
	"slices"
	"strings"
)

const sampleKey = "dGhlIHNhbXBsZSBub25jZQ=="

// lines joins the lines of a head and ends it.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n\r\n" }

// upgrade is a valid request with the given lines at its end.
func upgrade(more ...string) string {
	return lines(append([]string{
		"GET /chat HTTP/1.1",
		"Host: server.example.com",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: " + sampleKey,
		"Sec-WebSocket-Version: 13",
	}, more...)...)
}

// swap is upgrade with one part of it replaced.
func swap(from, to string) string {
	s := upgrade()
	if !strings.Contains(s, from) {
		panic("swap: no " + from)
	}
	return strings.Replace(s, from, to, 1)
}

const chromeRequest = "GET /chat?room=1 HTTP/1.1\r\n" +
	"Host: localhost:8080\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: http://localhost:8080\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"

const firefoxRequest = "GET /chat HTTP/1.1\r\n" +
	"Host: example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0\r\n" +
	"Accept: */*\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Origin: https://example.com\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Connection: keep-alive, Upgrade\r\n" +
	"Upgrade: websocket\r\n\r\n"

// requestCase is a head and what becomes of it. parse is what Parse says of it,
// check what Check says if parse is nil.
type requestCase struct {
	name         string
	head         string
	parse, check error
}

func validRequests() []requestCase {
	cases := []requestCase{
		{name: "RFC 6455 §1.2", head: lines(
			"GET /chat HTTP/1.1", "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade",
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://example.com",
			"Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Version: 13")},
		{name: "Chrome", head: chromeRequest},
		{name: "Firefox", head: firefoxRequest},
		{name: "names in upper case", head: strings.NewReplacer("Host", "HOST", "Upgrade:", "UPGRADE:", "Connection:", "CONNECTION:",
			"Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY", "Sec-WebSocket-Version", "SEC-WEBSOCKET-VERSION").Replace(upgrade())},
		{name: "names in lower case", head: strings.NewReplacer("Host", "host", "Upgrade:", "upgrade:", "Connection:", "connection:",
			"Sec-WebSocket-Key", "sec-websocket-key", "Sec-WebSocket-Version", "sec-websocket-version").Replace(upgrade())},
		{name: "Upgrade in mixed case", head: swap("websocket", "WebSocket")},
		{name: "Upgrade in a list", head: swap("websocket", "websocket, foo")},
		{name: "Upgrade in two lines", head: swap("Upgrade: websocket", "Upgrade: foo\r\nUpgrade: websocket")},
		{name: "Connection in a list without spaces", head: swap("Connection: Upgrade", "Connection: keep-alive,upgrade")},
		{name: "Connection in two lines", head: swap("Connection: Upgrade", "Connection: keep-alive\r\nConnection: UPGRADE")},
		{name: "Connection with empty elements", head: swap("Connection: Upgrade", "Connection: ,, \t,Upgrade,")},
		{name: "no space behind colons", head: strings.ReplaceAll(upgrade(), ": ", ":")},
		{name: "white space around values", head: strings.ReplaceAll(strings.ReplaceAll(upgrade(), ": ", ": \t "), "\r\nS", " \t\r\nS")},
		{name: "empty value", head: upgrade("X-Empty:", "X-Blank:  \t ")},
		{name: "tab and obs-text in a value", head: upgrade("X: a\tb \xff\x80 \tcccccccccccc\tdddddddddddd")},
		{name: "unknown names of known lengths", head: upgrade("Abcd: 1", "Abcdef: 2", "Sec_WebSocket_Key: 3", "Sec-WebSocket-Keys: 4", "Transfer_Encoding: 5", "Sec-WebSocket-KeX: 6", "Connectioo: 7", "Hosu: 8")},
		{name: "minor version above 1", head: swap("HTTP/1.1", "HTTP/1.2")},
		{name: "Content-Length 0", head: upgrade("Content-Length: 0")},
		{name: "Content-Length 0 twice", head: upgrade("Content-Length: 0", "Content-Length: 0")},
		{name: "sub-protocols in two lines", head: upgrade("Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: c")},
		{name: "sub-protocols with empty elements", head: upgrade("Sec-WebSocket-Protocol: , a,, b ,")},
		{name: "sub-protocols that differ in case", head: upgrade("Sec-WebSocket-Protocol: a, A")},
		{name: "64 sub-protocols", head: upgrade("Sec-WebSocket-Protocol: " + numbered(64))},
		{name: "escapes and what browsers leave unescaped", head: swap("/chat", `/a%20b/|"<>\^{}?x=%&y=%zz`+"`")},
		{name: "path of two slashes", head: swap("/chat", "//chat")},
		{name: "absolute-form", head: swap("/chat", "http://other.example:81/chat?x")},
		{name: "absolute-form, https, no path", head: swap("/chat", "HTTPS://other.example?x")},
		{name: "256 lines", head: upgrade(slices.Repeat([]string{"X: y"}, MaxHeadLines-5)...)},
		{name: "64 KiB", head: padded(MaxHeadBytes)},
	}
	for _, host := range goodHosts {
		cases = append(cases, requestCase{name: "Host " + host, head: swap("server.example.com", host)})
	}
	return cases
}

var goodHosts = []string{
	"a", "a:80", "a:", "a:65535", "127.0.0.1", "127.0.0.1:8080", "a_b.example", "xn--bcher-kva.example",
	"[::]", "[::1]:80", "[1:2:3:4:5:6:7:8]", "[1::8]", "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5::1.2.3.4]",
}

var badHosts = []string{
	"", ":80", "a:65536", "a:8x", "a:1:2", "a b", "a/b", "a@b", "a%41", "a?b", "a#b", "\"a\"", "b\xfccher",
	"[]", "[", "[::1", "[::1]x", "::1", "[:]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]",
	"[12345::]", "[g::]", "[1:]", "[:1]", "[fe80::1%25eth0]", "[::1.2.3]", "[::1.2.3.4.5]", "[::1.2.3.256]", "[::01.2.3.4]", "[::1.2.3.4:5]",
	"[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5:1.2.3.4]", "[1:2:3:4:5:6::1.2.3.4]", "[v1.x]",
}

func invalidRequests() []requestCase {
	cases := []requestCase{
		{"TLS ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ErrRequestLine, nil},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ErrHTTPMajor, nil},
		{"SSH banner", "SSH-2.0-OpenSSH_9.6\r\n", ErrRequestLine, nil},
		{"empty line first", "\r\n" + upgrade(), ErrRequestLine, nil},
		{"no method", swap("GET ", " "), ErrRequestLine, nil},
		{"two spaces", swap("GET ", "GET  "), ErrRequestLine, nil},
		{"tab for a space", swap("GET ", "GET\t"), ErrRequestLine, nil},
		{"no version", swap(" HTTP/1.1", ""), ErrRequestLine, nil},
		{"space behind the version", swap("HTTP/1.1", "HTTP/1.1 "), ErrRequestLine, nil},
		{"version in lower case", swap("HTTP/1.1", "http/1.1"), ErrRequestLine, nil},
		{"minor version not a digit", swap("HTTP/1.1", "HTTP/1.x"), ErrRequestLine, nil},
		{"minor version of two digits", swap("HTTP/1.1", "HTTP/1.10"), ErrRequestLine, nil},
		{"HTTP/1.0", swap("HTTP/1.1", "HTTP/1.0"), ErrHTTP10, nil},
		{"HTTP/2.0", swap("HTTP/1.1", "HTTP/2.0"), ErrHTTPMajor, nil},
		{"HTTP/0.9", swap("HTTP/1.1", "HTTP/0.9"), ErrHTTPMajor, nil},
		{"target *", swap("/chat", "*"), ErrRequestLine, nil},
		{"target * of OPTIONS", swap("GET /chat", "OPTIONS *"), ErrMethod, nil},
		{"target in authority-form of OPTIONS", swap("GET /chat", "OPTIONS host:80"), ErrRequestLine, nil},
		{"target in authority-form of CONNECT", swap("GET /chat", "CONNECT host:80"), ErrMethod, nil},
		{"target in authority-form", swap("/chat", "host:80"), ErrRequestLine, nil},
		{"target without a slash", swap("/chat", "chat"), ErrRequestLine, nil},
		{"target with a fragment", swap("/chat", "/chat#top"), ErrRequestLine, nil},
		{"target with a control character", swap("/chat", "/ch\x01at"), ErrRequestLine, nil},
		{"target with NUL", swap("/chat", "/ch\x00at"), ErrRequestLine, nil},
		{"target with DEL", swap("/chat", "/ch\x7fat"), ErrRequestLine, nil},
		{"target not ASCII", swap("/chat", "/ch\xc3\xa4t"), ErrRequestLine, nil},
		{"target with a broken escape", swap("/chat", "/a%2"), ErrRequestLine, nil},
		{"target with an escape that is none", swap("/chat", "/a%zz"), ErrRequestLine, nil},
		{"absolute-form, other scheme", swap("/chat", "hxxp://a/"), ErrRequestLine, nil},
		{"absolute-form, no authority", swap("/chat", "http:///chat"), ErrRequestLine, nil},
		{"absolute-form, user", swap("/chat", "http://u@a/chat"), ErrRequestLine, nil},
		{"request line ends in LF", swap("HTTP/1.1\r\n", "HTTP/1.1\n"), ErrLineEnd, nil},
		{"request line with a bare CR", swap("HTTP/1.1\r\n", "HTTP/1.1\r\r\n"), ErrLineEnd, nil},
		{"header line ends in LF", swap("Upgrade: websocket\r\n", "Upgrade: websocket\n"), ErrLineEnd, nil},
		{"header line with a bare CR", swap("Upgrade: websocket", "Upgrade: web\rsocket"), ErrLineEnd, nil},
		{"empty line ends in LF", swap("13\r\n\r\n", "13\r\n\n"), ErrLineEnd, nil},
		{"empty line with a bare CR", swap("13\r\n\r\n", "13\r\n\rx"), ErrLineEnd, nil},
		{"header line without a colon", upgrade("Nothing"), ErrHeaderLine, nil},
		{"empty name", upgrade(": x"), ErrHeaderName, nil},
		{"name with a control character", upgrade("X\x01: x"), ErrHeaderName, nil},
		{"name with NUL", upgrade("X\x00: x"), ErrHeaderName, nil},
		{"name not ASCII", upgrade("X\xe4: x"), ErrHeaderName, nil},
		{"name with parentheses", upgrade("X(y): x"), ErrHeaderName, nil},
		{"space before the colon", upgrade("X : x"), ErrHeaderSpace, nil},
		{"tab in a name", upgrade("X\tY: x"), ErrHeaderSpace, nil},
		{"folded line", upgrade("X: x", " y"), ErrHeaderFold, nil},
		{"folded line with a tab", upgrade("X: x", "\ty: z"), ErrHeaderFold, nil},
		{"NUL in a value", upgrade("X: a\x00b"), ErrHeaderValue, nil},
		{"control character in a value", upgrade("X: aaaaaaaaaaaaaaaa\x1fb"), ErrHeaderValue, nil},
		{"DEL in a value", upgrade("X: aaaaaaaaaa\x7fbbbbbbbbbbbbbb"), ErrHeaderValue, nil},
		{"257 lines", upgrade(slices.Repeat([]string{"X: y"}, MaxHeadLines-4)...), ErrTooManyLines, nil},
		{"64 KiB and a byte", padded(MaxHeadBytes + 1), ErrHeadTooBig, nil},
		{"no Host", swap("Host: server.example.com\r\n", ""), ErrHostMissing, nil},
		{"no Host, absolute-form", lines("GET http://a/ HTTP/1.1", "Upgrade: websocket"), ErrHostMissing, nil},
		{"Host twice", upgrade("host: server.example.com"), ErrHostTwice, nil},

		{"POST", swap("GET", "POST"), nil, ErrMethod},
		{"method in lower case", swap("GET", "get"), nil, ErrMethod},
		{"method before upgrade", lines("HEAD / HTTP/1.1", "Host: a"), nil, ErrMethod},
		{"plain GET", lines("GET / HTTP/1.1", "Host: a"), nil, ErrUpgrade},
		{"no Upgrade", swap("Upgrade: websocket\r\n", ""), nil, ErrUpgrade},
		{"Upgrade to something else", swap("websocket", "h2c"), nil, ErrUpgrade},
		{"Upgrade look-alike before", swap("websocket", "xwebsocket"), nil, ErrUpgrade},
		{"Upgrade look-alike behind", swap("websocket", "websocket/13"), nil, ErrUpgrade},
		{"Upgrade under a look-alike name", swap("Upgrade: websocket", "Upgrade_: websocket"), nil, ErrUpgrade},
		{"no Connection", swap("Connection: Upgrade\r\n", ""), nil, ErrConnection},
		{"Connection keep-alive", swap("Connection: Upgrade", "Connection: keep-alive"), nil, ErrConnection},
		{"Connection look-alike before", swap("Connection: Upgrade", "Connection: xupgrade"), nil, ErrConnection},
		{"Connection look-alike behind", swap("Connection: Upgrade", "Connection: upgrade-insecure"), nil, ErrConnection},
		{"Connection two words", swap("Connection: Upgrade", "Connection: keep-alive Upgrade"), nil, ErrConnection},
		{"no version header", swap("Sec-WebSocket-Version: 13\r\n", ""), nil, ErrVersion},
		{"version 8", swap("Version: 13", "Version: 8"), nil, ErrVersion},
		{"version in a list", swap("Version: 13", "Version: 13, 8"), nil, ErrVersion},
		{"version 013", swap("Version: 13", "Version: 013"), nil, ErrVersion},
		{"version twice", upgrade("Sec-WebSocket-Version: 13"), nil, ErrVersionTwice},
		{"no key", swap("Sec-WebSocket-Key: "+sampleKey+"\r\n", ""), nil, ErrKeyMissing},
		{"key under a look-alike name", swap("Sec-WebSocket-Key", "Sec_WebSocket_Key"), nil, ErrKeyMissing},
		{"key twice", upgrade("Sec-WebSocket-Key: " + sampleKey), nil, ErrKeyTwice},
		{"key empty", swap(sampleKey, ""), nil, ErrKey},
		{"key of 15 bytes", swap(sampleKey, "AAAAAAAAAAAAAAAAAAAA"), nil, ErrKey},
		{"key of 17 bytes", swap(sampleKey, "AAAAAAAAAAAAAAAAAAAAAAA="), nil, ErrKey},
		{"key with an unused bit set, as in RFC 6455 §4.1", swap(sampleKey, "AQIDBAUGBwgJCgsMDQ4PEC=="), nil, nil},
		{"key in URL alphabet", swap(sampleKey, "dGhlIHNhbXBsZSBub25j_Q=="), nil, ErrKey},
		{"key without padding", swap(sampleKey, "dGhlIHNhbXBsZSBub25jZQ"), nil, ErrKey},
		{"Transfer-Encoding chunked", upgrade("Transfer-Encoding: chunked"), nil, ErrBody},
		{"Transfer-Encoding identity", upgrade("transfer-encoding: identity"), nil, ErrBody},
		{"Transfer-Encoding empty", upgrade("Transfer-Encoding:"), nil, ErrBody},
		{"Content-Length 5", upgrade("Content-Length: 5"), nil, ErrBody},
		{"Content-Length +0", upgrade("Content-Length: +0"), nil, ErrBody},
		{"Content-Length 0 and 5", upgrade("Content-Length: 0", "Content-Length: 5"), nil, ErrBody},
		{"Content-Length 0, 0", upgrade("Content-Length: 0, 0"), nil, ErrBody},
		{"sub-protocol empty", upgrade("Sec-WebSocket-Protocol: "), nil, ErrSubprotocol},
		{"sub-protocol of two words", upgrade("Sec-WebSocket-Protocol: a b"), nil, ErrSubprotocol},
		{"sub-protocol with a slash", upgrade("Sec-WebSocket-Protocol: a, b/c"), nil, ErrSubprotocol},
		{"65 sub-protocols", upgrade("Sec-WebSocket-Protocol: " + numbered(65)), nil, ErrSubprotocol},
		{"sub-protocol twice", upgrade("Sec-WebSocket-Protocol: a, b, a"), nil, ErrSubprotocolTwice},
		{"sub-protocol twice in two lines", upgrade("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"), nil, ErrSubprotocolTwice},
		{"Origin twice", upgrade("Origin: http://a", "Origin: http://b"), nil, ErrOriginTwice},
	}
	for _, host := range badHosts {
		cases = append(cases, requestCase{"Host " + host, swap("server.example.com", host), ErrHost, nil})
	}
	return cases
}

// numbered lists n different tokens.
func numbered(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint("p", i))
	}
	return strings.Join(list, ",")
}

// padded is a valid request of n bytes.
func padded(n int) string {
	return upgrade("X: " + strings.Repeat("x", n-len(upgrade("X: "))))
}
