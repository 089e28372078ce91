package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

// feed is a server that closes every connection after two events, each time in another
// way, and refuses some.
type feed struct {
	requests atomic.Int32
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := f.requests.Add(1)
	if request%3 == 2 {
		http.Error(w, "overloaded", http.StatusServiceUnavailable)
		return
	}
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	var s subscription
	if err := wsjson.Read(r.Context(), c, &s); err != nil {
		return
	}
	for n := s.After + 1; n <= s.After+2; n++ {
		if err := wsjson.Write(r.Context(), c, event{n, fmt.Sprintf("event %d", n)}); err != nil {
			return
		}
	}
	if request%2 == 0 {
		c.Close(websocket.StatusGoingAway, "")
	}
}

func TestFollow(t *testing.T) {
	f := &feed{}
	srv := httptest.NewServer(f)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	lines, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- follow(ctx, srv.URL, 10*time.Millisecond, out) }()

	in := bufio.NewScanner(lines)
	for n := 1; n <= 7; n++ {
		if want := fmt.Sprintf("%d event %d", n, n); !in.Scan() || in.Text() != want {
			t.Fatalf("got %q, want %q", in.Text(), want)
		}
	}
	if got := f.requests.Load(); got < 5 {
		t.Errorf("seven events arrived with %d requests, want at least 5", got)
	}
	cancel()
	lines.Close() // a print that waits for the reader ends
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("follow: %v, want %v", err, context.Canceled)
	}
}

func TestFollowRefused(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := follow(ctx, srv.URL, 10*time.Millisecond, io.Discard)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusNotFound {
		t.Errorf("follow: %v, want a refusal with 404", err)
	}
}
