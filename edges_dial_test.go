package websocket_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
)

// All cookies go out: every line of the caller's, and the Jar's.
func TestDialSendsAllCookies(t *testing.T) {
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "example.com"}, []*http.Cookie{{Name: "c", Value: "3"}})
	var cookies []string
	n := &network{peer: answering(goodResponse, func(r *http.Request) { cookies = r.Header["Cookie"] })}
	opts := n.options()
	opts.Jar, opts.Header = jar, http.Header{"Cookie": {"a=1", "b=2"}}
	c, err := websocket.Dial(background, "ws://example.com", opts)
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	n.peers.Wait()
	if len(cookies) != 1 || cookies[0] != "a=1; b=2; c=3" {
		t.Errorf("Cookie: %q, want all three in one line", cookies)
	}
}

func TestDialNamesWhatWasNotOffered(t *testing.T) {
	for _, line := range []string{"Sec-WebSocket-Protocol: odd", "Sec-WebSocket-Extensions: odd"} {
		n := &network{peer: answering(more(line), nil)}
		_, err := websocket.Dial(background, "ws://example.com", n.options())
		n.peers.Wait()
		if err == nil || !strings.Contains(err.Error(), `"odd"`) {
			t.Errorf("to %q: Dial() = %v, want an error that names it", line, err)
		}
	}
}

// A body that does not come delays neither a redirect nor a refusal to the time limit; and
// the error names the proxy if that has refused.
func TestDialDoesNotWaitForBodies(t *testing.T) {
	for _, tt := range []struct {
		name, response, proxy string
		status                int
	}{
		{"refusal", "HTTP/1.1 403 Forbidden\nContent-Length: 100\n\n", "", 403},
		{"redirect that is not followed", "HTTP/1.1 302 Found\nLocation: ftp://b.example\nContent-Length: 100\n\n", "", 302},
		{"proxy", "HTTP/1.1 407 Proxy Authentication Required\nContent-Length: 100\n\n", "http://proxy:3128", 407},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{peer: func(addr string, nc net.Conn) {
					answering(tt.response, nil)(addr, nc)
					io.Copy(io.Discard, nc)
				}}
				opts := n.options()
				if tt.proxy != "" {
					opts.Proxy = through(t, tt.proxy)
				}
				begin := time.Now()
				_, err := websocket.Dial(background, "ws://a.example", opts)
				refused, ok := errors.AsType[*websocket.HandshakeError](err)
				if took := time.Since(begin); !ok || refused.Status != tt.status || refused.Proxy != tt.proxy || took > time.Second {
					t.Errorf("Dial() = %v after %v, want status %d by %q within a second", err, took, tt.status, tt.proxy)
				}
				n.peers.Wait()
			})
		})
	}
}
