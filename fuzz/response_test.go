package fuzz

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/zerowire/websocket/codec"
)

// nonce and accept are those of RFC 6455 §1.3.
const (
	nonce  = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// FuzzResponse: a response that Parse and Check accept is a 101 for net/http
// too, with the same header lines, and has the accept key; however it is cut,
// the verdict is the same.
func FuzzResponse(f *testing.F) {
	for _, r := range []string{
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n",
		"HTTP/1.1 101 \r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\nsec-websocket-accept:\t" + accept + " \r\n" +
			"Sec-WebSocket-Protocol: chat\r\nDate: today\r\nX:\r\n\r\n\x81\x00",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n" +
			"Sec-WebSocket-Extensions: permessage-deflate\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + nonce + "\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
		"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
		"HTTP/1.0 400 Bad Request\r\n\r\n",
		"HTTP/1.1 101\r\n\r\n",
		"HTTP/2 101 x\r\n\r\n",
		"HTTP/1.1 101 x\nUpgrade: websocket\n\n",
		"SSH-2.0-OpenSSH_9.9\r\n",
	} {
		seed(f, []byte(r), uint16(len(r)/2), uint16(1))
	}
	for _, refusal := range []codec.Refusal{codec.ErrUpgrade, codec.ErrMethod, codec.ErrOrigin} {
		seed(f, codec.AppendRefusal(nil, refusal), uint16(9), uint16(9))
	}
	f.Fuzz(func(t *testing.T, b []byte, first, then uint16) {
		check := func(r *codec.Response) error { return r.Check([24]byte([]byte(nonce)), []string{"chat"}, true) }
		var r codec.Response
		n, err := r.Parse(b)
		for _, sizes := range [][]int{{1}, {int(first) + 1, int(then) + 1}} {
			var cut codec.Response
			if gotSize, gotErr := parseCut(cut.Parse, b, sizes); gotSize != n || gotErr != err {
				t.Fatalf("Parse(%q) = %d, %v, but in pieces of %d %d, %v", b, n, err, sizes, gotSize, gotErr)
			} else if got, want := check(&cut), check(&r); err == nil && got != want {
				t.Fatalf("Check of %q is %v, but if parsed in pieces of %d %v", b, want, sizes, got)
			}
		}
		if err != nil || check(&r) != nil {
			return
		}
		if got := r.Header("Sec-WebSocket-Accept"); string(got) != accept {
			t.Fatalf("Check takes the accept key %q", got)
		}
		got := fields(r.Fields())
		if got["Transfer-Encoding"] != nil || got["Content-Length"] != nil || got["Trailer"] != nil {
			return // a 101 has no body whatever they say; net/http looks at them all the same
		}
		reader := bufio.NewReader(bytes.NewReader(b))
		resp, err := http.ReadResponse(reader, &http.Request{Method: "GET"})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b[:n], err)
		}
		if resp.StatusCode != r.Status() || r.Status() != 101 {
			t.Fatalf("of %q: status %d; net/http: %d", b[:n], r.Status(), resp.StatusCode)
		}
		if got["Pragma"] != nil && got["Cache-Control"] == nil {
			delete(resp.Header, "Cache-Control") // net/http adds it, for HTTP/1.0
		}
		wantSameFields(t, b[:n], got, resp.Header)
		if rest, _ := io.ReadAll(reader); !bytes.Equal(rest, b[n:]) {
			t.Fatalf("of %q: %q is behind the head; net/http: %q", b, b[n:], rest)
		}
	})
}
