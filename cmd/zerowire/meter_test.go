package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func TestRefusalStatus(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"a rule of the RFCs", codec.ErrVersion, "426"},
		{"a foreign origin", fmt.Errorf("wrapped: %w", codec.ErrOrigin), "403"},
		{"the server's own choice", &websocket.HandshakeError{Status: 404}, "404"},
		{"the network", io.EOF, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := refusalStatus(tt.err); got != tt.want {
				t.Errorf("refusalStatus(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}

// TestCloseClassesAreFew holds what a peer can make the server keep to some
// twenty classes.
func TestCloseClassesAreFew(t *testing.T) {
	classes := map[string]bool{}
	for code := range websocket.StatusCode(5000) {
		if _, err := codec.AppendClose(nil, code, ""); err == nil {
			classes[closeClass(code)] = true
		}
	}
	if len(classes) > 20 || !classes["1000"] || !classes["3xxx"] || !classes["4xxx"] {
		t.Errorf("codes that may be sent are of %d classes: %v, want at most 20 with 1000, 3xxx and 4xxx", len(classes), classes)
	}
	if got := closeClass(websocket.StatusAbnormalClosure); got != "1006" {
		t.Errorf("closeClass(1006) = %s, want 1006", got)
	}
}

func TestEndsCountsCleanOnesApart(t *testing.T) {
	var e ends
	e.count(&websocket.CloseError{Code: websocket.StatusGoingAway})
	e.count(fmt.Errorf("wrapped: %w", &websocket.CloseError{Code: 4000}))
	e.count(errors.New("reset"))
	if clean, cut := e.clean.Load(), e.aborted.Load(); clean != 2 || cut != 1 {
		t.Errorf("after two Close frames and a reset: %d clean, %d cut, want 2, 1", clean, cut)
	}
}

// TestProbe has connections pinged until they end.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		observed := 0
		connect := func() *websocket.Conn {
			client, server := websocket.Pipe(nil)
			t.Cleanup(func() { server.CloseNow(); client.CloseNow() })
			go server.Serve(echo)
			go client.Read(context.Background())
			probe(server, func(time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				observed++
			})
			return server
		}
		first := connect()
		connect()
		want := func(n int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if observed != n {
				t.Errorf("%d round trips were observed, want %d", observed, n)
			}
		}
		time.Sleep(probeInterval - time.Nanosecond)
		want(0)
		time.Sleep(time.Nanosecond)
		want(2)
		time.Sleep(probeInterval)
		want(4)
		first.CloseNow()
		time.Sleep(probeInterval)
		want(5)
	})
}
