package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// start starts a server, and returns its address.
func start(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Shutdown()
		<-ended
	})
	return ln.Addr().String()
}

func TestRoom(t *testing.T) {
	address := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, "ws://"+address+"/rooms/lobby", &websocket.DialOptions{
		Options: websocket.Options{Subprotocols: []string{"rooms.v1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if got := c.Subprotocol(); got != "rooms.v1" {
		t.Errorf("sub-protocol %q, want rooms.v1", got)
	}
	for range 2 {
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "lobby: hello" {
			t.Fatalf("got %q, %v", p, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close: %v", err)
	}

	_, err = websocket.Dial(ctx, "ws://"+address+"/elsewhere", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != 404 {
		t.Errorf("another path: %v, want a refusal with 404", err)
	}
}

func TestRefused(t *testing.T) {
	address := start(t)
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade"
	for _, tt := range []struct {
		name, method string
		lines        []string
		status       string
	}{
		{"accepted", "GET", []string{upgrade, key, "Sec-WebSocket-Version: 13"}, "101"},
		{"own origin", "GET", []string{upgrade, key, "Sec-WebSocket-Version: 13", "Origin: http://" + address}, "101"},
		{"no upgrade", "GET", nil, "426"},
		{"POST", "POST", []string{upgrade, key, "Sec-WebSocket-Version: 13", "Content-Length: 0"}, "405"},
		{"no key", "GET", []string{upgrade, "Sec-WebSocket-Version: 13"}, "400"},
		{"two keys", "GET", []string{upgrade, key, key, "Sec-WebSocket-Version: 13"}, "400"},
		{"short key", "GET", []string{upgrade, "Sec-WebSocket-Key: AAAA", "Sec-WebSocket-Version: 13"}, "400"},
		{"other version", "GET", []string{upgrade, key, "Sec-WebSocket-Version: 8"}, "426"},
		{"other origin", "GET", []string{upgrade, key, "Sec-WebSocket-Version: 13", "Origin: https://evil.example"}, "403"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(30 * time.Second))
			lines := append([]string{tt.method + " /rooms/lobby HTTP/1.1", "Host: " + address}, tt.lines...)
			io.WriteString(nc, strings.Join(lines, "\r\n")+"\r\n\r\n")
			head := make([]byte, len("HTTP/1.1 101"))
			if _, err := io.ReadFull(nc, head); err != nil || string(head) != "HTTP/1.1 "+tt.status {
				t.Errorf("got %q, %v, want status %s", head, err, tt.status)
			}
		})
	}
	res, err := http.Get("http://" + address + "/rooms/lobby")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 426 || res.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("a page: status %d with %v, want 426 with Sec-WebSocket-Version", res.StatusCode, res.Header)
	}
}
