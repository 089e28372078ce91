package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// handshake is a correct opening handshake, to be spoilt one way at a time.
func handshake(addr string) []string {
	return []string{
		"GET /echo HTTP/1.1",
		"Host: " + addr,
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13",
	}
}

// with returns lines with the one that begins with prefix replaced.
func with(lines []string, prefix string, replacement ...string) []string {
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, prefix) })
	return slices.Replace(slices.Clone(lines), i, i+1, replacement...)
}

func TestServeRefusesWrongRequests(t *testing.T) {
	p := startServe(t)
	good := handshake(p.addr)
	upgrade := map[string]string{"upgrade": "websocket", "sec-websocket-version": "13"}
	tests := []struct {
		name   string
		lines  []string
		status int
		fields map[string]string
	}{ // refused as an opening handshake
		{"POST", with(good, "GET", "POST /echo HTTP/1.1"), 405, map[string]string{"allow": "GET"}},
		{"POST without upgrade", []string{"POST /echo HTTP/1.1", good[1], "Content-Length: 0"}, 405, map[string]string{"allow": "GET"}},
		{"version 8", with(good, "Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426, upgrade},
		{"no version", with(good, "Sec-WebSocket-Version"), 426, upgrade},
		{"no key", with(good, "Sec-WebSocket-Key"), 400, nil},
		{"two keys", with(good, "Sec-WebSocket-Key", good[4], good[4]), 400, nil},
		{"short key", with(good, "Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="), 400, nil},
		{"key not base64", with(good, "Sec-WebSocket-Key", "Sec-WebSocket-Key: !!!hlIHNhbXBsZSBub25jZQ=="), 400, nil},
		{"folded line", append(good, " folded"), 400, nil},
		{"foreign Origin", append(good, "Origin: https://example.com"), 403, nil},
		{"look-alike Origin", append(good, "Origin: http://"+p.addr+".example.com"), 403, nil},
		{"head of more than 64 KiB", append(good, "X-Field: "+strings.Repeat("x", 64<<10)), 431, nil},
		{"more than 256 fields", append(good, slices.Repeat([]string{"X-Field: x"}, 256)...), 431, nil},
		{"unknown path", with(good, "GET", "GET /nowhere HTTP/1.1"), 404, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := dial(t, p.addr)
			fmt.Fprintf(w, "%s\r\n\r\n", strings.Join(tt.lines, "\r\n"))
			statusLine, fields := w.readHead(t)
			want := fmt.Sprintf("HTTP/1.1 %d %s", tt.status, http.StatusText(tt.status))
			if statusLine != want {
				t.Errorf("got %s, want %s", statusLine, want)
			}
			for name, value := range tt.fields {
				if fields[name] != value {
					t.Errorf("%s: got %q, want %q", name, fields[name], value)
				}
			}
			if !slices.Contains(strings.Split(fields["connection"], ", "), "close") {
				t.Errorf("Connection: got %q, want a list with close", fields["connection"])
			}
			length, err := strconv.Atoi(fields["content-length"])
			if err != nil {
				t.Fatalf("Content-Length: %v", err)
			}
			if body, err := io.ReadAll(w.in); err != nil || len(body) != length {
				t.Errorf("read %d bytes of body (%.40q) up to the end of the connection, %v, want %d", len(body), body, err, length)
			}
		})
	}
}

// TestServeAnswersRequestsOfHTTP: what asks for no upgrade, or is malformed, is net/http's
// to answer.
func TestServeAnswersRequestsOfHTTP(t *testing.T) {
	p := startServe(t)
	good := handshake(p.addr)
	upgrade := map[string]string{"upgrade": "websocket", "sec-websocket-version": "13"}
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
		fields map[string]string
	}{
		{"no Upgrade", with(good, "Upgrade"), 426, upgrade},
		{"no upgrade at all", good[:2], 426, upgrade},
		{"no upgrade at /ws", []string{"GET /ws HTTP/1.1", good[1]}, 426, upgrade},
		{"Upgrade to another protocol", with(good, "Upgrade", "Upgrade: h2c"), 426, upgrade},
		{"Connection without upgrade", with(good, "Connection", "Connection: keep-alive"), 426, upgrade},
		{"no Host", with(good, "Host"), 400, nil},
		{"two Hosts", with(good, "Host", good[1], good[1]), 400, nil},
		{"malformed Host", with(good, "Host", "Host: a b"), 400, nil},
		{"line without colon", append(good, "nonsense"), 400, nil},
		{"space before colon", append(good, "X-Field : value"), 400, nil},
		{"empty name", append(good, ": value"), 400, nil},
		{"control character", append(good, "X-Field: a\x00b"), 400, nil},
		{"unknown page", []string{"GET /nowhere HTTP/1.1", good[1]}, 404, nil},
		{"HTTP/1.0", with(good, "GET", "GET /echo HTTP/1.0"), 400, nil},
		{"HTTP/2", with(good, "GET", "GET /echo HTTP/2.0"), 400, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := dial(t, p.addr)
			fmt.Fprintf(w, "%s\r\n\r\n", strings.Join(tt.lines, "\r\n"))
			statusLine, fields := w.readHead(t)
			if parts := strings.Fields(statusLine); len(parts) < 2 || parts[1] != strconv.Itoa(tt.status) {
				t.Errorf("got %s, want status %d", statusLine, tt.status)
			}
			for name, value := range tt.fields {
				if fields[name] != value {
					t.Errorf("%s: got %q, want %q", name, fields[name], value)
				}
			}
		})
	}
}

func TestServeAcceptsItsOwnOrigin(t *testing.T) {
	p := startServe(t)
	w := dial(t, p.addr)
	fmt.Fprintf(w, "%s\r\n\r\n", strings.Join(append(handshake(p.addr), "Origin: http://"+p.addr), "\r\n"))
	if status, _ := w.readHead(t); status != "HTTP/1.1 101 Switching Protocols" {
		t.Errorf("with the page's own Origin: got %s, want 101", status)
	}
}
