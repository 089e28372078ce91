package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The lines of a request that is right.
const (
	hostLine    = "Host: localhost"
	upgradeLine = "Upgrade: websocket"
	versionLine = "Sec-WebSocket-Version: 13"
	keyLine     = "Sec-WebSocket-Key: " + nonce
)

// requestLine is that of a request that is right.
const requestLine = "GET " + events + "?id=0 HTTP/1.1"

// refusalFaults are opening handshakes that are none.
var refusalFaults = []fault{
	{"refusal: no key", refuses(400, head(requestLine, versionLine))},
	{"refusal: two keys", refuses(400, head(requestLine, versionLine, keyLine, keyLine))},
	{"refusal: a key that is too short", refuses(400, head(requestLine, versionLine, "Sec-WebSocket-Key: AAAA"))},
	{"refusal: another version", refuses(426, head(requestLine, keyLine, "Sec-WebSocket-Version: 12"))},
	{"refusal: another method", refuses(405, head("POST "+events+"?id=0 HTTP/1.1", versionLine, keyLine))},
	{"refusal: HTTP/1.0", refuses(400, head("GET "+events+"?id=0 HTTP/1.0", versionLine, keyLine))},
	{"refusal: two hosts", refuses(400, head(requestLine, hostLine, versionLine, keyLine))},
	{"refusal: a body", refuses(400, head(requestLine, versionLine, keyLine, "Content-Length: 5"))},
	{"refusal: another origin", refuses(403, head(requestLine, versionLine, keyLine, "Origin: https://evil.example"))},
	{"refusal: another place", refuses(404, head("GET /elsewhere?id=0 HTTP/1.1", versionLine, keyLine))},
	{"refusal: lines that end in LF", refuses(400, strings.ReplaceAll(head(requestLine, versionLine, keyLine), "\r\n", "\n"))},
	{"refusal: a line that is folded", refuses(400, head(requestLine, versionLine, keyLine, "X-Folded: a\r\n b"))},
	{"refusal: no upgrade", refuses(426, requestLine+"\r\n"+hostLine+"\r\n\r\n")},
	{"refusal: a TLS handshake where none is spoken", refuses(400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")},
	{"refusal: no TLS handshake where one is spoken", func(a *attack) error {
		nc, err := call(background, a.g.at.TLS, a.limit+a.timeout)
		if err != nil {
			return err
		}
		defer nc.Close()
		if _, err := io.WriteString(nc, head(requestLine, versionLine, keyLine)); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, nc); err != nil && !isEnd(err) { // an alert may come
			return err
		}
		return nil
	}},
}

// head is a request with these lines behind those that every upgrade has.
func head(first string, lines ...string) string {
	return strings.Join(append([]string{first, hostLine, upgradeLine, "Connection: Upgrade"}, lines...), "\r\n") + "\r\n\r\n"
}

// refuses sends a request that is answered with the status and the end of the
// connection.
func refuses(status int, request string) func(a *attack) error {
	return func(a *attack) error {
		nc, err := call(background, a.g.at.Plain, a.limit+a.timeout)
		if err != nil {
			return err
		}
		defer nc.Close()
		go io.WriteString(nc, request) // the server need not take all of it
		in := bufio.NewReader(nc)
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if response.StatusCode != status {
			return fmt.Errorf("the request is answered with %s, want %d", response.Status, status)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil && !isEnd(err) { // of what is not taken TCP makes a reset
			return err
		}
		if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil && !isEnd(err) {
			return fmt.Errorf("behind the refusal: %q, %v; want the end of the connection", rest, err)
		}
		return nil
	}
}
