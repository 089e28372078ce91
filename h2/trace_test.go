package h2_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"slices"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// TestTrace has the hooks of a context called once for each WebSocket over HTTP/2, and
// the connection dialed with the first.
func TestTrace(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Upgrade(w, r, nil); err == nil {
			c.Serve(echo{})
		}
	}))
	tr := newTransport(t, s)
	for _, want := range [][]string{
		{"GetConn", "ConnectStart", "ConnectDone", "GotConn", "WroteHeaders", "WroteRequest", "GotFirstResponseByte"},
		{"GetConn", "GotConn", "WroteHeaders", "WroteRequest", "GotFirstResponseByte"},
	} {
		var called []string
		note := func(name string) { called = append(called, name) }
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GetConn:              func(string) { note("GetConn") },
			ConnectStart:         func(string, string) { note("ConnectStart") },
			ConnectDone:          func(string, string, error) { note("ConnectDone") },
			GotConn:              func(httptrace.GotConnInfo) { note("GotConn") },
			WroteHeaders:         func() { note("WroteHeaders") },
			WroteRequest:         func(httptrace.WroteRequestInfo) { note("WroteRequest") },
			GotFirstResponseByte: func() { note("GotFirstResponseByte") },
		})
		c, err := tr.Dial(ctx, s.wss(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantEcho(t, c, websocket.OpText, "hello")
		c.CloseNow()
		if !slices.Equal(called, want) {
			t.Errorf("hooks:\n got %q\nwant %q", called, want)
		}
	}
}

// TestProxyOfAllProtocols does not dial a host with HTTP/2 for which ALL_PROXY names a
// proxy.
func TestProxyOfAllProtocols(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	t.Setenv("ALL_PROXY", "http://proxy.invalid")
	tr := &h2.Transport{Mode: h2.OnlyHTTP2}
	defer tr.Close()
	if _, err := tr.Dial(t.Context(), "wss://a.invalid", nil); err == nil || err.Error() != "h2: dial: the URL is malformed, is not of the scheme ws or wss, or has a proxy: use the mode Auto" {
		t.Errorf("Dial() = %v, want an error that speaks of the proxy", err)
	}
}
