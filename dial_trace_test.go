package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
)

// hooks returns hooks that note their names and what counts of their arguments.
func hooks(note func(format string, args ...any)) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:           func(addr string) { note("GetConn %s", addr) },
		DNSStart:          func(i httptrace.DNSStartInfo) { note("DNSStart %s", i.Host) },
		DNSDone:           func(i httptrace.DNSDoneInfo) { note("DNSDone %v", i.Err) },
		ConnectStart:      func(network, _ string) { note("ConnectStart %s", network) },
		ConnectDone:       func(network, _ string, err error) { note("ConnectDone %s", network) },
		TLSHandshakeStart: func() { note("TLSHandshakeStart") },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			note("TLSHandshakeDone %t %t", s.HandshakeComplete, err == nil)
		},
		GotConn:              func(i httptrace.GotConnInfo) { note("GotConn %t", i.Conn != nil && !i.Reused) },
		WroteHeaderField:     func(name string, values []string) { note("WroteHeaderField %s %q", name, values) },
		WroteHeaders:         func() { note("WroteHeaders") },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { note("WroteRequest %v", i.Err) },
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
		Got100Continue:       func() { note("Got100Continue") },
		Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
			note("Got1xxResponse %d %s", status, h.Get("Link"))
			return nil
		},
	}
}

// On sockets, with a name to look up and TLS, every hook is called, in this order.
func TestDialCallsTraceHooks(t *testing.T) {
	srv := httptest.NewTLSServer(upgradeTo(t, forms["events"], nil))
	defer srv.Close()
	config := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com"
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	var mu sync.Mutex
	var called []string
	ctx := httptrace.WithClientTrace(background, hooks(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if call := fmt.Sprintf(format, args...); !slices.Contains(called, call) { // both addresses of localhost may be tried
			called = append(called, call)
		}
	}))
	c, err := websocket.Dial(ctx, "wss://localhost:"+port, &websocket.DialOptions{TLSConfig: config, Proxy: noProxy})
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, c, "hello")
	c.CloseNow()
	called = slices.DeleteFunc(called, func(call string) bool { return strings.HasPrefix(call, "WroteHeaderField") })
	want := []string{
		"GetConn localhost:" + port, "DNSStart localhost", "DNSDone <nil>", "ConnectStart tcp", "ConnectDone tcp",
		"TLSHandshakeStart", "TLSHandshakeDone true true", "GotConn true", "WroteHeaders", "WroteRequest <nil>", "GotFirstResponseByte",
	}
	if !slices.Equal(called, want) {
		t.Errorf("hooks:\n got %q\nwant %q", called, want)
	}
}

// A redirect, a proxy and interim responses are seen as well, and what fails.
func TestDialTracesEveryRequest(t *testing.T) {
	const interim = "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: </a.css>\n\n"
	request := func(addr string) []string {
		return []string{"GetConn " + addr, "GotConn true", "WroteHeaderField Host [\"" + strings.TrimSuffix(addr, ":80") + "\"]", "WroteHeaderField Upgrade [\"websocket\"]", "WroteHeaders", "WroteRequest <nil>", "GotFirstResponseByte"}
	}
	for _, tt := range []struct {
		name, url, proxy string
		respond          func(addr string, r *http.Request) string
		want             []string
	}{
		{"interim", "ws://a.example", "", func(string, *http.Request) string { return interim + goodResponse },
			append(request("a.example:80"), "Got100Continue", "Got1xxResponse 100 ", "Got1xxResponse 103 </a.css>")},
		{"redirect", "ws://a.example", "", func(addr string, r *http.Request) string {
			if addr == "a.example:80" {
				return "HTTP/1.1 302 Found\nLocation: ws://b.example\n\n"
			}
			return goodResponse
		}, append(request("a.example:80"), request("b.example:80")...)},
		{"proxy", "ws://a.example", "http://proxy", func(_ string, r *http.Request) string {
			if r.Method == http.MethodConnect {
				return "HTTP/1.1 200 OK\n\n"
			}
			return goodResponse
		}, append([]string{"GetConn proxy:80"}, request("a.example:80")[1:]...)},
		{"no TLS", "wss://a.example", "", nil,
			[]string{"GetConn a.example:443", "TLSHandshakeStart", "TLSHandshakeDone false false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: func(addr string, nc net.Conn) {
				for range 2 { // a proxy is asked twice
					if tt.respond == nil {
						nc.Read(make([]byte, 64<<10)) // a ClientHello, which the client could not send after the end
						return
					}
					responding(tt.respond)(addr, nc)
				}
			}}
			opts := n.options()
			if tt.proxy != "" {
				opts.Proxy = through(t, tt.proxy)
			}
			var called []string
			ctx := httptrace.WithClientTrace(background, hooks(func(format string, args ...any) {
				call := fmt.Sprintf(format, args...)
				if field, ok := strings.CutPrefix(call, "WroteHeaderField "); ok && !strings.HasPrefix(field, "Host") && !strings.HasPrefix(field, "Upgrade") {
					return
				}
				called = append(called, call)
			}))
			c, err := websocket.Dial(ctx, tt.url, opts)
			if err == nil {
				c.CloseNow()
			}
			n.peers.Wait()
			if !slices.Equal(called, tt.want) {
				t.Errorf("hooks:\n got %q\nwant %q", called, tt.want)
			}
		})
	}
}

func TestDialTraceEndsDial(t *testing.T) {
	n := &network{peer: answering("HTTP/1.1 103 Early Hints\n\n"+goodResponse, nil)}
	unwanted := errors.New("no hints")
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { return unwanted },
	})
	if _, err := websocket.Dial(ctx, "ws://a.example", n.options()); !errors.Is(err, unwanted) {
		t.Errorf("Dial() = %v, want the error of the hook", err)
	}
	n.peers.Wait()
}
