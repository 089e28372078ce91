package interop

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

// oursHTTP2 is this library over HTTP/2 without TLS.
type oursHTTP2 struct{ ours }

func (o oursHTTP2) Dial(t *testing.T, url string, s settings) (end, error) {
	tr := &h2.Transport{Mode: h2.OnlyHTTP2}
	t.Cleanup(func() { tr.Close() })
	opts := websocket.DialOptions{Options: o.options(t, s)}
	if s.origin != "" {
		opts.Header = http.Header{"Origin": {s.origin}}
	}
	c, err := tr.Dial(t.Context(), url, &opts)
	if no, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return nil, refused(no.Status)
	}
	if err != nil {
		return nil, err
	}
	return o.begin(t, c), nil
}

// options returns the options for s. If s has compression, connections without it fail the
// test.
func (oursHTTP2) options(t *testing.T, s settings) websocket.Options {
	opts := options(s)
	if s.deflate.on {
		opts.Hooks.Opened = func(c *websocket.Conn, _ *websocket.Request) {
			if c.Extensions() == "" {
				t.Error("compression was not negotiated")
			}
		}
	}
	return opts
}

func (o oursHTTP2) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	srv := &websocket.Server{Options: o.options(t, s)}
	if o.events {
		srv.Handler = &ourHandler{ourEnd: &ourEnd{inbox: newInbox()}, opened: accepted}
	} else {
		srv.Handler = websocket.Blocking(func(c *websocket.Conn) {
			e := &ourEnd{conn: c, inbox: newInbox()}
			accepted <- e
			e.read()
		})
	}
	web := &http.Server{Handler: srv, Protocols: new(http.Protocols)}
	web.Protocols.SetUnencryptedHTTP2(true)
	go web.Serve(ln)
	t.Cleanup(func() {
		srv.Close()
		web.Close()
	})
	return wsURL(ln), accepted
}

// TestInteropHTTP2 plays the scenarios over HTTP/2 with Node's http2, except those that look
// at the bytes of HTTP/1.1.
func TestInteropHTTP2(t *testing.T) {
	t.Parallel()
	node := startNode(t)
	node.(*program).http2 = true
	for _, s := range scenarios {
		if s.tapped {
			continue
		}
		for _, us := range []oursHTTP2{{oursEvents}, {oursBlocking}} {
			t.Run(s.name+"/client of our server/"+us.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, node, us, false)
			})
			t.Run(s.name+"/server of our client/"+us.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, us, node, true)
			})
		}
	}
}

// TestUndici has undici open WebSockets over HTTP/2, which share one connection.
func TestUndici(t *testing.T) {
	t.Parallel()
	node, dir := installNode(t)
	var conns atomic.Int32
	srv := &websocket.Server{
		Options: websocket.Options{MaxMessage: 1 << 21, Subprotocols: []string{"v2"}, Compression: &websocket.Compression{}},
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			if string(p) == "close" {
				c.Close(4999, "by the server")
				return
			}
			c.Write(context.Background(), op, p)
		}),
	}
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s over %s", r.Method, r.Proto)
		}
		srv.ServeHTTP(w, r)
	}))
	web.EnableHTTP2 = true
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	web.StartTLS()
	t.Cleanup(web.Close)

	const count = 20
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join(dir, "undici.js"), strings.Replace(web.URL, "https", "wss", 1), "20")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	var seen []struct {
		Protocol, Extensions, Error string
		Echoes                      []bool
		Code                        int
		Reason                      string
		Clean                       bool
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	for i, s := range seen {
		code, reason := 4999, "by the server"
		if i%2 == 1 {
			code, reason = 4000+i, "" // the server returns the code
		}
		if s.Protocol != "v2" || !strings.HasPrefix(s.Extensions, "permessage-deflate") || len(s.Echoes) != 2 || !s.Echoes[0] || !s.Echoes[1] ||
			s.Code != code || s.Reason != reason || !s.Clean {
			t.Errorf("WebSocket %d: %+v", i, s)
		}
	}
	if n := conns.Load(); len(seen) != count || n != 1 {
		t.Errorf("%d WebSockets on %d TCP connections, want %d on one", len(seen), n, count)
	}
}
