//go:build js || wasip1

package nosockets

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// Package net reaches only this process here: Dial has to say so, and not that nothing
// listens, or that a name does not exist.
func TestDialIsNotSupported(t *testing.T) {
	for _, url := range []string{"ws://127.0.0.1:80", "wss://example.com/chat", "https://example.com", "ws+unix:///run/a.sock"} {
		for name, opts := range map[string]*websocket.DialOptions{"nil": nil, "zero": {}} {
			t.Run(url+" "+name, func(t *testing.T) {
				c, err := websocket.Dial(t.Context(), url, opts)
				if c != nil || !errors.Is(err, errors.ErrUnsupported) {
					t.Fatalf("Dial() = %v, %v, want errors.ErrUnsupported", c, err)
				}
				for _, says := range []string{"websocket: dial: ", runtime.GOOS + "/" + runtime.GOARCH, "DialOptions.NetDial"} {
					if !strings.Contains(err.Error(), says) {
						t.Errorf("Dial() = %v, want it to say %s", err, says)
					}
				}
			})
		}
	}
}

// What the error advises works: a connection of the caller's, here to this process.
func TestDialWithNetDial(t *testing.T) {
	for form, handler := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			addr := testkit.Serve(t, &websocket.Server{Handler: handler})
			c, err := websocket.Dial(t.Context(), "ws://"+addr, &websocket.DialOptions{
				NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, addr)
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			for _, size := range []int{5, 100_000} {
				message := strings.Repeat("x", size)
				if err := c.Write(t.Context(), websocket.OpText, []byte(message)); err != nil {
					t.Fatal(err)
				}
				if _, p, err := c.Read(t.Context()); err != nil || string(p) != message {
					t.Fatalf("Read() = %d bytes, %v, want the echo of %d", len(p), err, size)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
}
