package websocket_test

import (
	"context"
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
	opts.Jar = nil
	if c, err = websocket.Dial(background, "ws://example.com", opts); err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	n.peers.Wait()
	if len(cookies) != 1 || cookies[0] != "a=1; b=2" {
		t.Errorf("Cookie: %q without a Jar, want both in one line (RFC 6265 §5.4)", cookies)
	}
}

func TestDialNamesWhatWasNotOffered(t *testing.T) {
	for _, line := range []string{
		"Sec-WebSocket-Protocol: odd", "Sec-WebSocket-Protocol: odd\nSec-WebSocket-Protocol: even", "Sec-WebSocket-Extensions: odd", "Upgrade: odd",
	} {
		n := &network{peer: answering(more(line), nil)}
		_, err := websocket.Dial(background, "ws://example.com", n.options())
		n.peers.Wait()
		if err == nil || !strings.Contains(err.Error(), "odd") {
			t.Errorf("to %q: Dial() = %v, want an error that names it", line, err)
		}
	}
}

// withoutDeadlines is a connection that has none, as those of tunnels through SSH.
type withoutDeadlines struct{ net.Conn }

func (withoutDeadlines) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (withoutDeadlines) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (withoutDeadlines) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// missingBodies are the ends of a head behind which a body is due.
var missingBodies = map[string]string{
	"Content-Length":           "Content-Length: 100\n\n",
	"Content-Length, half":     "Content-Length: 100\n\nhalf",
	"chunks":                   "Transfer-Encoding: chunked\n\n",
	"half a chunk":             "Transfer-Encoding: chunked\n\n64\nhalf",
	"chunks without the last":  "Transfer-Encoding: chunked\n\n4\nhalf\n",
	"to the end, which is not": "\n",
}

// A body that does not come delays no redirect at all, and a refusal for half a second;
// and the error names the proxy if that has refused.
func TestDialDoesNotWaitForBodies(t *testing.T) {
	for _, tt := range []struct {
		name, response, proxy string
		status                int // 0 if Dial succeeds
		most                  time.Duration
	}{
		{"refusal", "HTTP/1.1 403 Forbidden\n", "", 403, 500 * time.Millisecond},
		{"redirect", "HTTP/1.1 302 Found\nLocation: ws://b.example\n", "", 0, 0},
		{"redirect to where nothing is followed", "HTTP/1.1 302 Found\nLocation: ftp://b.example\n", "", 302, 0},
		{"status of a redirect without a Location", "HTTP/1.1 302 Found\n", "", 302, 500 * time.Millisecond},
		{"refusal by a proxy", "HTTP/1.1 407 Proxy Authentication Required\n", "http://proxy:3128", 407, 500 * time.Millisecond},
		{"redirect by a proxy", "HTTP/1.1 302 Found\nLocation: ws://b.example\n", "http://proxy:3128", 302, 500 * time.Millisecond},
	} {
		for kind, end := range missingBodies {
			for layer, wrap := range map[string]func(net.Conn) net.Conn{
				"with deadlines":    func(nc net.Conn) net.Conn { return nc },
				"without deadlines": func(nc net.Conn) net.Conn { return withoutDeadlines{nc} },
			} {
				t.Run(tt.name+"/"+kind+"/"+layer, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := &network{peer: func(addr string, nc net.Conn) {
							response := tt.response + end
							if addr == "b.example:80" {
								response = goodResponse
							}
							answering(response, nil)(addr, nc)
							io.Copy(io.Discard, nc)
						}}
						opts := n.options()
						opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
							nc, err := n.dial(ctx, network, addr)
							return wrap(nc), err
						}
						if tt.proxy != "" {
							opts.Proxy = through(t, tt.proxy)
						}
						begin := time.Now()
						c, err := websocket.Dial(background, "ws://a.example", opts)
						if took := time.Since(begin); took > tt.most {
							t.Errorf("Dial() took %v, want at most %v", took, tt.most)
						}
						if tt.status == 0 {
							if err != nil {
								t.Fatal(err)
							}
							c.CloseNow()
							n.peers.Wait()
							return
						}
						refused, ok := errors.AsType[*websocket.HandshakeError](err)
						if !ok || refused.Status != tt.status || refused.Proxy != tt.proxy {
							t.Fatalf("Dial() = %v, want status %d by %q", err, tt.status, tt.proxy)
						}
						if tt.most > 0 && strings.Contains(end, "half") && string(refused.Body) != "half" {
							t.Errorf("body %q, want what came of it", refused.Body)
						}
						n.peers.Wait()
					})
				})
			}
		}
	}
}

// The limits of a head hold for responses, too, and the errors name the options.
func TestDialHeadLimitsAreOptions(t *testing.T) {
	lines := strings.TrimSuffix(strings.Repeat("X: y\n", 300), "\n")
	for _, tt := range []struct {
		name, line string
		limits     websocket.Options
		says       string // in the error; "" for none
	}{
		{"a cookie of 60 KB", "Set-Cookie: a=" + strings.Repeat("x", 60_000), websocket.Options{}, ""},
		{"a cookie of 70 KB", "Set-Cookie: a=" + strings.Repeat("x", 70_000), websocket.Options{}, "Options.MaxHeadBytes"},
		{"a cookie of 70 KB, allowed", "Set-Cookie: a=" + strings.Repeat("x", 70_000), websocket.Options{MaxHeadBytes: 1 << 20}, ""},
		{"300 fields", lines, websocket.Options{}, "Options.MaxHeadFields"},
		{"300 fields, allowed", lines, websocket.Options{MaxHeadFields: 400}, ""},
		{"above a small limit", "X: " + strings.Repeat("x", 300), websocket.Options{MaxHeadBytes: 300}, "300 bytes: raise Options.MaxHeadBytes"},
	} {
		for _, proxy := range []string{"", "http://proxy"} {
			t.Run(tt.name+proxy, func(t *testing.T) {
				n := &network{peer: func(addr string, nc net.Conn) {
					if proxy != "" {
						answering("HTTP/1.1 200 OK\n"+tt.line+"\n\n", nil)(addr, nc)
					}
					answering(more(tt.line), nil)(addr, nc)
				}}
				opts := n.options()
				if opts.Options = tt.limits; proxy != "" {
					opts.Proxy = through(t, proxy)
				}
				c, err := websocket.Dial(background, "ws://a.example", opts)
				if err == nil {
					c.CloseNow()
				}
				n.peers.Wait()
				if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Dial() = %v, want it to say %q", err, tt.says)
				}
			})
		}
	}
}
