package fuzz

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// smuggling returns an opening handshake with a line more.
func smuggling(line string) string {
	return "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + line +
		"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

// requests are heads of opening handshakes, good ones first.
var requests = []string{
	"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	"GET /chat?room=42 HTTP/1.1\r\nHost: server.example.com:8080\r\nUser-Agent: x\r\nUpgrade: WebSocket\r\n" +
		"Connection: keep-alive, Upgrade\r\nOrigin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nPragma: no-cache\r\n\r\n\x81\x80\x00\x00\x00\x00",
	"GET http://other.example/?a=%zz&b=1?2 HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: h2c, websocket\r\nConnection:\tupgrade \r\n" +
		"Sec-WebSocket-Version:13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 0\r\nX: a\r\nx: b\r\nX-Empty:\r\n\r\n",
	"GET /%20\"<>|{}^` HTTP/1.2\r\nhost: 127.0.0.1\r\nCookie: \xE2\x82\xAC\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
		"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
	"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n",
	"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
	"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
	smuggling("Content-Length: 0\r\nContent-Length: 5"),
	smuggling("Content-Length: 0, 5"),
	smuggling("Content-Length: +0"),
	smuggling("Content-Length: 5\r\nTransfer-Encoding: chunked"),
	smuggling("Transfer-Encoding: identity"),
	smuggling("Transfer-Encoding : chunked"),
	smuggling("X: a\r\n\tTransfer-Encoding: chunked"),
	smuggling("X: a\nTransfer-Encoding: chunked"),
	smuggling("X: a\rTransfer-Encoding: chunked"),
	smuggling("X: a\x00b"),
	smuggling("Host: b"),
	smuggling("X\tY: a"),
	strings.Replace(smuggling("X: a"), "HTTP/1.1", "HTTP/1.0", 1),
	strings.Replace(smuggling("X: a"), "GET /", "GET http://b@c/", 1),
	strings.Replace(smuggling("X: a"), "GET /", "GET http://b\\c/", 1),
	strings.Replace(smuggling("X: a"), "GET /", "GET HTTP://b?c", 1),
	strings.Replace(smuggling("X: a"), "GET / ", "GET /\t", 1),
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
}

// FuzzHandshake: a request that Parse and Check accept is one for net/http too,
// with the same method, target, host and header lines; however it is cut, the
// verdict is the same; and a client takes the answer.
func FuzzHandshake(f *testing.F) {
	for _, r := range requests {
		seed(f, []byte(r), uint16(len(r)/2), uint16(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, first, then uint16) {
		var r codec.Request
		n, err := r.Parse(b)
		for _, sizes := range [][]int{{1}, {int(first) + 1, int(then) + 1}} {
			var cut codec.Request
			if gotSize, gotErr := parseCut(cut.Parse, b, sizes); gotSize != n || gotErr != err {
				t.Fatalf("Parse(%q) = %d, %v, but in pieces of %d %d, %v", b, n, err, sizes, gotSize, gotErr)
			} else if got, want := cut.Check(), r.Check(); err == nil && got != want {
				t.Fatalf("Check of %q is %v, but if parsed in pieces of %d %v", b, want, sizes, got)
			}
		}
		if err == nil && !bytes.HasSuffix(b[:n], []byte("\r\n\r\n")) {
			t.Fatalf("Parse(%q) = %d, which is not behind an empty line", b, n)
		}
		if err != nil || r.Check() != nil {
			return
		}
		if why := smuggles(b[:n]); why != "" {
			t.Fatalf("Parse and Check take %q, which has %s", b[:n], why)
		}
		if host := authority(string(r.Target()), string(r.Header("Host"))); string(r.Host()) != host {
			t.Fatalf("the host of %q is %q, want %q", b[:n], r.Host(), host)
		}
		wantSameRequest(t, b, n, &r)
		wantAnswered(t, &r)
	})
}

// parseCut calls parse with more of b each time, each time in other memory, until
// it has a verdict.
func parseCut(parse func([]byte) (int, error), b []byte, sizes []int) (n int, err error) {
	arrived := 0
	buffers := [2][]byte{make([]byte, len(b)), make([]byte, len(b))}
	n, err = parse(nil)
	for piece := range wstest.Pieces(b, sizes...) {
		if err != codec.ErrShort {
			break
		}
		arrived += len(piece)
		moved := buffers[arrived&1][:arrived]
		if len(sizes) == 1 { // byte by byte the copies would cost too much
			moved = b[:arrived]
		}
		copy(moved, b)
		n, err = parse(moved)
	}
	return n, err
}

func wantSameRequest(t *testing.T, b []byte, n int, r *codec.Request) {
	t.Helper()
	reader := bufio.NewReader(bytes.NewReader(b))
	req, err := http.ReadRequest(reader)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", b[:n], err)
	}
	if req.Method != string(r.Method()) || req.RequestURI != string(r.Target()) || req.Host != string(r.Host()) {
		t.Fatalf("of %q: method %q, target %q, host %q; net/http: %q, %q, %q", b[:n], r.Method(), r.Target(), r.Host(), req.Method, req.RequestURI, req.Host)
	}
	if req.URL.RawQuery != string(r.Query()) {
		t.Fatalf("of %q: query %q; net/http: %q", b[:n], r.Query(), req.URL.RawQuery)
	}
	got := fields(r.Fields())
	got.Del("Host") // net/http keeps it elsewhere
	if got.Get("Pragma") == "no-cache" && got["Cache-Control"] == nil {
		delete(req.Header, "Cache-Control") // net/http adds it, for HTTP/1.0
	}
	wantSameFields(t, b[:n], got, req.Header)
	if body, err := io.ReadAll(req.Body); len(body) != 0 || err != nil {
		t.Fatalf("of %q: net/http finds a body: %q, %v", b[:n], body, err)
	}
	if rest, _ := io.ReadAll(reader); !bytes.Equal(rest, b[n:]) {
		t.Fatalf("of %q: %q is behind the head; net/http: %q", b, b[n:], rest)
	}
}

// fields collects header lines as net/http does.
func fields(lines func(func(name, value []byte) bool)) http.Header {
	h := http.Header{}
	for name, value := range lines {
		h.Add(string(name), string(value))
	}
	return h
}

func wantSameFields(t *testing.T, head []byte, got, want http.Header) {
	t.Helper()
	for _, h := range []http.Header{got, want} {
		if v := h["Content-Length"]; v != nil {
			h["Content-Length"] = slices.Compact(v) // net/http drops repetitions
		}
	}
	for name := range got {
		if !slices.Equal(got[name], want[name]) {
			t.Fatalf("of %q: %s is %q; net/http: %q", head, name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("of %q: %d names; net/http: %d, %v", head, len(got), len(want), want)
	}
}

// wantAnswered checks that the 101 for r is what a client waits for.
func wantAnswered(t *testing.T, r *codec.Request) {
	t.Helper()
	var chosen string
	var offered []string
	for name := range r.Subprotocols() {
		offered = append(offered, string(name))
		chosen = offered[0]
	}
	b, err := codec.AppendResponse(nil, r.Key(), chosen, "")
	if err != nil {
		t.Fatalf("AppendResponse(%q, %q): %v", r.Key(), chosen, err)
	}
	var answer codec.Response
	if n, err := answer.Parse(b); n != len(b) || err != nil {
		t.Fatalf("Response.Parse(%q) = %d, %v", b, n, err)
	}
	if err := answer.Check([24]byte(r.Key()), offered, false); err != nil || string(answer.Subprotocol()) != chosen {
		t.Fatalf("Response.Check of %q, with %q offered: %v, sub-protocol %q", b, offered, err, answer.Subprotocol())
	}
}

// FuzzOffer: AppendRequest refuses what its caller should not have passed, or
// writes a request of which a server reads just that and nothing else.
func FuzzOffer(f *testing.F) {
	seed(f, "example.com", "/chat?x=1", "http://example.com", "chat,superchat", "permessage-deflate", "Cookie", "a=b")
	seed(f, "[::1]:8080", "", "", "", "", "X-Y", "")
	seed(f, "a\r\nX: y", "/ HTTP/1.1\r\n\r\n", "null\r\n", "a b", "\x00", "X:", "\r\n\r\n")
	seed(f, "a", "/", "", "", "", "Host", "b")
	seed(f, "a", "/", " o ", "chat", " ", "Content-Length", "5")
	f.Fuzz(func(t *testing.T, host, target, origin, protocols, extensions, name, value string) {
		p := codec.RequestParams{
			Host: host, Target: target, Key: codec.EncodeKey([16]byte{1}), Origin: origin, Extensions: extensions,
			Header: func(yield func(string, string) bool) { yield(name, value) },
		}
		if protocols != "" {
			p.Subprotocols = strings.Split(protocols, ",")
		}
		b, err := codec.AppendRequest([]byte("dst"), p)
		if err != nil {
			if _, ok := errors.AsType[codec.Misuse](err); !ok || string(b) != "dst" {
				t.Fatalf("AppendRequest(%+v) = %q, %v", p, b, err)
			}
			return
		}
		b = b[3:]
		r := codec.Request{MaxBytes: 65535}
		n, err := r.Parse(b)
		if err == codec.ErrHeadTooBig {
			return
		}
		if n != len(b) || err != nil {
			t.Fatalf("Parse of what was appended, %q: %d of %d bytes, %v", b, n, len(b), err)
		}
		if err := r.Check(p.Subprotocols...); err != nil && (err != codec.ErrSubprotocol || len(p.Subprotocols) <= 64) {
			t.Fatalf("Check of what was appended, %q: %v", b, err)
		}
		if target == "" {
			target = "/"
		}
		trimmed := func(s string) string { return strings.Trim(s, " \t") }
		if string(r.Target()) != target || string(r.Header("Host")) != host || string(r.Origin()) != trimmed(origin) {
			t.Fatalf("%q: target %q, host %q, origin %q", b, r.Target(), r.Header("Host"), r.Origin())
		}
		if got := r.Header("Sec-WebSocket-Extensions"); string(got) != trimmed(extensions) {
			t.Fatalf("%q: extensions %q, want %q", b, got, extensions)
		}
		if got := r.Header(name); string(got) != trimmed(value) {
			t.Fatalf("%q: %s is %q, want %q", b, name, got, value)
		}
		var got []string
		for name := range r.Subprotocols() {
			got = append(got, string(name))
		}
		if !slices.Equal(got, p.Subprotocols) {
			t.Fatalf("%q: sub-protocols %q, want %q", b, got, p.Subprotocols)
		}
		lines := 6 // request line and five that are always there
		for _, s := range []string{origin, protocols, extensions} {
			if s != "" {
				lines++
			}
		}
		if got := bytes.Count(b, []byte("\r\n")); got != lines+2 {
			t.Fatalf("%q has %d lines, want %d", b, got, lines+2)
		}
	})
}
