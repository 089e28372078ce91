package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// answered sends an opening handshake with further lines, and returns the status
// line and the fields of the response.
func answered(t *testing.T, addr, path string, lines ...string) (status string, fields map[string]string) {
	t.Helper()
	w := dial(t, addr)
	request := append(with(handshake(addr), "GET", "GET "+path+" HTTP/1.1"), lines...)
	fmt.Fprintf(w, "%s\r\n\r\n", strings.Join(request, "\r\n"))
	return w.readHead(t)
}

const (
	accepted  = "HTTP/1.1 101 Switching Protocols"
	forbidden = "HTTP/1.1 403 Forbidden"
)

func TestServeOrigins(t *testing.T) {
	t.Parallel()
	some := startServe(t, "--origin", "https://app.example.com", "--origin", "http://*.example.org:8080")
	all := startServe(t, "--origin", "*")
	for _, tt := range []struct {
		name   string
		p      *process
		origin string
		want   string
	}{
		{"named", some, "https://app.example.com", accepted},
		{"another scheme", some, "http://app.example.com", forbidden},
		{"below a wildcard", some, "http://a.b.example.org:8080", accepted},
		{"not below it", some, "http://example.org:8080", forbidden},
		{"the server's own", some, "http://" + some.addr, accepted},
		{"foreign", some, "https://evil.example", forbidden},
		{"any", all, "https://evil.example", accepted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := answered(t, tt.p.addr, "/echo", "Origin: "+tt.origin); got != tt.want {
				t.Errorf("with Origin: %s got %s, want %s", tt.origin, got, tt.want)
			}
		})
	}
	some.said(t, `Refused the opening handshake of \S+ status=403 `)
}

func TestServeSubprotocols(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--subprotocol", "v2.example", "--subprotocol", "v1.example")
	for _, tt := range []struct{ name, offered, want string }{
		{"the second", "v1.example", "v1.example"},
		{"the server prefers its first", "v1.example, v2.example", "v2.example"},
		{"its own still stand", "chat", "chat"},
		{"none that it knows", "v3.example", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, fields := answered(t, p.addr, "/ws", "Sec-WebSocket-Protocol: "+tt.offered)
			if got := fields["sec-websocket-protocol"]; status != accepted || got != tt.want {
				t.Errorf("offered %q: got %s with sub-protocol %q, want 101 with %q", tt.offered, status, got, tt.want)
			}
		})
	}
	w := open(t, p.addr, "/ws", "v2.example")
	w.send(t, true, text, "echoed")
	w.want(t, text, "echoed")
}

func TestServeCompresses(t *testing.T) {
	t.Parallel()
	const offer = "Sec-WebSocket-Extensions: permessage-deflate"
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"off", nil, ""},
		{"on", []string{"--compress"}, "permessage-deflate; client_no_context_takeover"},
		{"with takeover", []string{"--compress", "--takeover"}, "permessage-deflate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := startServe(t, tt.args...)
			if status, fields := answered(t, p.addr, "/echo", offer); status != accepted || fields["sec-websocket-extensions"] != tt.want {
				t.Errorf("offered permessage-deflate: got %s with extensions %q, want 101 with %q", status, fields["sec-websocket-extensions"], tt.want)
			}
		})
	}
}

// TestServeCompressedEcho has a message compressed both ways, and counts what
// passes.
func TestServeCompressedEcho(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--compress")
	var counted *countingConn
	c, err := websocket.Dial(t.Context(), "ws://"+p.addr+"/echo", &websocket.DialOptions{
		Options: websocket.Options{Compression: &websocket.Compression{}},
		Wrap: func(nc net.Conn) net.Conn {
			counted = &countingConn{Conn: nc}
			return counted
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	long := strings.Repeat("the same again, ", 4096)
	if err := c.Write(t.Context(), websocket.OpText, []byte(long)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != long {
		t.Fatalf("Read() = %.60q, %v, want what was sent", got, err)
	}
	if passed := counted.read + counted.written; passed > len(long)/10 {
		t.Errorf("%d bytes passed for a message of %d and its echo, want them compressed", passed, len(long))
	}
}

// countingConn counts the bytes that pass.
type countingConn struct {
	net.Conn
	read, written int
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read += n
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written += n
	return n, err
}

func TestServeFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	public := filepath.Join(dir, "public")
	for name, content := range map[string]string{"public/a.txt": "served", "public/sub/b.txt": "below", "secret.txt": "secret"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "secret.txt"), filepath.Join(public, "link.txt")); err != nil {
		t.Fatal(err)
	}
	p := startServe(t, "--dir", public)
	for _, tt := range []struct {
		name, path string
		status     int
		body       string // part of it
	}{
		{"a file", "/files/a.txt", 200, "served"},
		{"a file below", "/files/sub/b.txt", 200, "below"},
		{"the directory", "/files/", 200, `<a href="a.txt">`},
		{"no such file", "/files/none.txt", 404, ""},
		{"a link out of it", "/files/link.txt", 500, ""},
		{"a way out of it", "/files/../secret.txt", 404, ""},
		{"an escaped way out of it", "/files/%2e%2e/secret.txt", 404, ""},
		{"the page is still there", "/", 200, "<title>zerowire</title>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := http.Get("http://" + p.addr + tt.path)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			body, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != tt.status || !strings.Contains(string(body), tt.body) || strings.Contains(string(body), "secret") {
				t.Errorf("GET %s: %s, %.200q; want %d with %q", tt.path, got.Status, body, tt.status, tt.body)
			}
		})
	}
}

func TestServeSaysHowItsConnectionsEnded(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--grace=300ms")
	deaf := open(t, p.addr, "/echo", "") // does not answer the Close frame
	deaf.send(t, true, text, "here")
	deaf.want(t, text, "here")
	polite := []*wire{open(t, p.addr, "/echo", ""), open(t, p.addr, "/ws", "chat")}
	for _, w := range polite {
		w.send(t, true, ping, "")
		w.want(t, pong, "")
	}
	ended := make(chan error)
	go func() { ended <- p.stop() }()
	for _, w := range polite {
		w.wantClose(t, 1001)
	}
	if err := <-ended; err != nil {
		t.Errorf("after SIGTERM: %v, want exit code 0", err)
	}
	if want := "Shut down: 2 connections closed cleanly, 1 aborted\n"; !strings.HasSuffix(p.stdout.String(), want) {
		t.Errorf("stdout:\n%swant at its end %s", &p.stdout, want)
	}
}

func TestIsOrigin(t *testing.T) {
	for origin, want := range map[string]bool{
		"*":                           true,
		"https://app.example.com":     true,
		"http://localhost:5173":       true,
		"https://*.example.com":       true,
		"https://[::1]:8443":          true,
		"":                            false,
		"app.example.com":             false,
		"https://":                    false,
		"https://app.example.com/":    false,
		"https://app.example.com/a":   false,
		"https://a.example,b.example": false,
		"https://*":                   false,
		"https://app.*.com":           false,
		"null":                        false,
	} {
		if got := isOrigin(origin); got != want {
			t.Errorf("isOrigin(%q) = %t, want %t", origin, got, want)
		}
	}
}
