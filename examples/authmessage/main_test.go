package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// dial connects to a server with one user.
func dial(ctx context.Context, t *testing.T, loginTime time.Duration) *websocket.Conn {
	t.Helper()
	srv := httptest.NewServer(newServer(map[string]string{"secret": "ann"}, loginTime))
	t.Cleanup(srv.Close)
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestLogin(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := dial(ctx, t, loginTime)
	// The second message is larger than the limit that applied to the first one.
	large := bytes.Repeat([]byte("x"), 2*maxToken)
	for _, p := range [][]byte{[]byte("Bearer secret"), large} {
		if err := c.Write(ctx, websocket.OpText, p); err != nil {
			t.Fatal(err)
		}
		want := p
		if len(p) < maxToken {
			want = []byte("welcome, ann")
		}
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes, %v, want %d", len(got), err, len(want))
		}
	}
}

func TestLoginRefused(t *testing.T) {
	for _, tt := range []struct {
		name      string
		first     []byte // nil sends nothing
		loginTime time.Duration
		want      websocket.StatusCode
	}{
		{"wrong token", []byte("Bearer guess"), loginTime, statusUnauthorized},
		{"no token", []byte("Bearer "), loginTime, statusUnauthorized},
		{"too large", bytes.Repeat([]byte("x"), maxToken+1), loginTime, websocket.StatusMessageTooBig},
		{"silence", nil, 50 * time.Millisecond, statusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := dial(ctx, t, tt.loginTime)
			if tt.first != nil {
				if err := c.Write(ctx, websocket.OpText, tt.first); err != nil {
					t.Fatal(err)
				}
			}
			if _, p, err := c.Read(ctx); websocket.CloseStatus(err) != tt.want {
				t.Errorf("got %q, %v, want a Close frame with %d", p, err, tt.want)
			}
		})
	}
}
