package deploy

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
)

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// TestThroughProxies is what every WebSocket has to be able to do behind each of
// the proxies, with and without TLS.
func TestThroughProxies(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, k kind) {
		b := startBackend(t)
		p := k.run(t, b.addr)
		for scheme, pages := range schemes {
			t.Run(scheme, func(t *testing.T) {
				page := dialer{proxy: p, scheme: scheme, origin: pages + "://" + host}
				t.Run("echo", func(t *testing.T) { testEcho(t, page) })
				t.Run("origin", func(t *testing.T) { testOrigin(t, page) })
				t.Run("chat", func(t *testing.T) { testChat(t, page) })
				t.Run("close codes", func(t *testing.T) { testCloseCodes(t, page, b) })
			})
		}
		t.Run("page over HTTP/2", func(t *testing.T) { testPage(t, p) })
		t.Run("1,000 connections", func(t *testing.T) { testThousand(t, p) })
		t.Run("the server ends", func(t *testing.T) { testServerEnds(t, p, b) })
	})
}

// TestBridgesThroughProxies has `zerowire listen`, with a program for each connection,
// behind each of the proxies.
func TestBridgesThroughProxies(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, k kind) {
		p := k.run(t, startCommand(t, "listen", "--quiet", "--listen=127.0.0.1:0", "--", "sed", "-u", "s/^/line: /").addr)
		for scheme, pages := range schemes {
			c := dialer{proxy: p, scheme: scheme, origin: pages + "://" + host}.mustDial(t, "/")
			for _, line := range []string{"Grüße", "", strings.Repeat("long ", 50_000)} {
				if err := c.Write(limited(t), websocket.OpText, []byte(line)); err != nil {
					t.Fatal(err)
				}
				if op, got, err := c.Read(limited(t)); op != websocket.OpText || string(got) != "line: "+line || err != nil {
					t.Fatalf("%s: Read = %v, %.50q, %v, want text %.50q", scheme, op, got, err, "line: "+line)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("%s: Close = %v", scheme, err)
			}
		}
	})
}

func testEcho(t *testing.T, page dialer) {
	c := page.mustDial(t, "/echo")
	wantEcho(t, c, websocket.OpText, []byte("Grüße"))
	wantEcho(t, c, websocket.OpBinary, nil)
	wantEcho(t, c, websocket.OpBinary, bytes.Repeat([]byte{0, 0xFF, 7}, 300_000))

	read := make(chan error, 1)
	go func() {
		_, _, err := c.Read(limited(t))
		read <- err
	}()
	if _, err := c.Ping(limited(t)); err != nil {
		t.Fatalf("Ping() = %v", err)
	}
	if err := c.Write(limited(t), websocket.OpText, []byte("for the reader")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
}

func testOrigin(t *testing.T, page dialer) {
	page.mustDial(t, "/echo") // its own
	page.origin = ""
	page.mustDial(t, "/echo") // no browser's
	page.origin = "https://evil.example"
	c, err := page.dial(limited(t), "/echo")
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok || refused.Status != http.StatusForbidden {
		t.Fatalf("Dial with Origin %s = %v, %v; want 403", page.origin, c, err)
	}
}

// TestHostDecidesOverOrigins: with the Host that nginx sends by default, a page
// could not even connect to where it came from.
func TestHostDecidesOverOrigins(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("nginx")
	need(t, err, "apt-get install nginx")
	p := nginx.run(t, startBackend(t).addr, "proxy_set_header Host $http_host;", "")
	page := dialer{proxy: p, scheme: "wss", origin: "https://" + host}
	_, err = page.dial(limited(t), "/echo")
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusForbidden {
		t.Fatalf("Dial without proxy_set_header Host = %v, want 403", err)
	}
}

func testChat(t *testing.T, page dialer) {
	page.subprotocol = "chat"
	ann, bob := page.mustDial(t, "/ws"), page.mustDial(t, "/ws")
	// The 101 goes out before the server has made a guest of the connection; whose Pong
	// has come is one.
	for name, c := range map[string]*websocket.Conn{"ann": ann, "bob": bob} {
		if _, err := c.Ping(limited(t)); err != nil {
			t.Fatalf("%s: Ping() = %v", name, err)
		}
	}
	if ann.Subprotocol() != "chat" {
		t.Fatalf("Subprotocol() = %q, want chat", ann.Subprotocol())
	}
	line := []byte(`{"name":"ann","text":"hello"}`)
	wantEcho(t, ann, websocket.OpText, line)
	if _, p, err := bob.Read(limited(t)); err != nil || !bytes.Equal(p, line) {
		t.Fatalf("bob received %q, %v; want %q", p, err, line)
	}
}

// testCloseCodes: codes and reasons arrive, whoever closes.
func testCloseCodes(t *testing.T, page dialer, b *backend) {
	c := page.mustDial(t, "/echo")
	reason := "bye over " + page.scheme
	if err := c.Close(4001, reason); err != nil {
		t.Errorf("Close() = %v", err)
	}
	b.log.await(t, fmt.Sprintf("code=4001 reason=%q", reason))

	page.subprotocol = "chat"
	c = page.mustDial(t, "/ws")
	if err := c.Write(limited(t), websocket.OpText, []byte("no JSON")); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(limited(t))
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Err != nil || closed.Code != websocket.StatusInvalidPayload || !strings.HasPrefix(closed.Reason, "chat messages are JSON") {
		t.Errorf("Read() = %v, want Close 1007 with the server's reason", err)
	}
}

// testPage: what is no WebSocket comes over HTTP/2, at the same address.
func testPage(t *testing.T, p *proxy) {
	client := &http.Client{Transport: &http.Transport{
		DialContext:       p.dialer("wss"),
		TLSClientConfig:   &tls.Config{RootCAs: p.cert.pool},
		ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	r, err := client.Get("https://" + host + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.ProtoMajor != 2 || r.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("<html")) {
		t.Errorf("GET /: %s %s, %.80q, %v; want HTTP/2, 200 and the page", r.Proto, r.Status, body, err)
	}
}

// testThousand has a thousand connections open at once, half of them over TLS,
// and an echo on each.
func testThousand(t *testing.T, p *proxy) {
	const count = 1000
	conns := make([]*websocket.Conn, count)
	errs := make([]error, count)
	t.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				c.CloseNow()
			}
		}
	})
	each := func(do func(i int) error) {
		t.Helper()
		var all sync.WaitGroup
		next := make(chan int)
		for range 32 {
			all.Go(func() {
				for i := range next {
					errs[i] = do(i)
				}
			})
		}
		for i := range count {
			next <- i
		}
		close(next)
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("%.2000s\nthe proxy says:\n%s", err, p.out.tail())
		}
	}
	each(func(i int) (err error) {
		d := dialer{proxy: p, scheme: []string{"ws", "wss"}[i%2]}
		conns[i], err = d.dial(context.Background(), "/echo")
		return err
	})
	each(func(i int) error {
		sent := fmt.Appendf(nil, "I am %d", i)
		if err := conns[i].Write(context.Background(), websocket.OpText, sent); err != nil {
			return err
		}
		_, got, err := conns[i].Read(context.Background())
		if err == nil && !bytes.Equal(got, sent) {
			err = fmt.Errorf("connection %d received %q, want %q", i, got, sent)
		}
		return err
	})
	each(func(i int) error { return conns[i].Close(websocket.StatusNormalClosure, "") })
}

// testServerEnds: clients are told that the server goes away.
func testServerEnds(t *testing.T, p *proxy, b *backend) {
	c := dialer{proxy: p, scheme: "wss"}.mustDial(t, "/echo")
	wantEcho(t, c, websocket.OpText, []byte("still there"))
	b.terminate(t)
	if _, _, err := c.Read(limited(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("Read() = %v, want Close 1001", err)
	}
}

// TestForwardedHeaders: the server learns who the client is, and not what the
// client says of itself.
func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, k kind) {
		got := make(chan string, 1)
		p := k.run(t, serve(t, &websocket.Server{Route: func(r *websocket.Request) (websocket.Handler, error) {
			got <- fmt.Sprintf("%s %s %s", r.Host(), r.Header("X-Forwarded-For"), r.Header("X-Forwarded-Proto"))
			return saying(""), nil
		}}))
		for scheme, pages := range schemes {
			liar := dialer{proxy: p, scheme: scheme, header: http.Header{
				"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"gopher"},
			}}
			liar.mustDial(t, "/")
			if got, want := <-got, host+" 127.0.0.1 "+pages; got != want {
				t.Errorf("over %s the server got %q, want %q", scheme, got, want)
			}
		}
	})
}

// TestReload: new connections go where the new configuration says, and old ones
// go on where they are.
func TestReload(t *testing.T) {
	t.Parallel()
	eachProxy(t, func(t *testing.T, k kind) {
		p := k.run(t, serve(t, &websocket.Server{Handler: saying("old")}))
		d := dialer{proxy: p, scheme: "wss"}
		old := d.mustDial(t, "/")
		wantAnswer(t, old, websocket.OpText, []byte("?"), []byte("old"))

		p.edit(serve(t, &websocket.Server{Handler: saying("new")}), nil)
		if err := p.reload(); err != nil {
			t.Fatal(err)
		}
		if !eventually(func() bool { return answers(d, "new") }) {
			t.Fatalf("after a reload new connections do not go to the new server; the proxy says:\n%s", p.out.tail())
		}
		if k.keepsOld {
			wantAnswer(t, old, websocket.OpText, []byte("?"), []byte("old"))
			return
		}
		// Caddy 2.6 says 1001 to both ends, in either order, and without a masking
		// key to the server, whose answer may come before it, or the end.
		ctx := limited(t)
		_, _, err := old.Read(ctx)
		switch websocket.CloseStatus(err) {
		case websocket.StatusGoingAway, websocket.StatusProtocolError, websocket.StatusAbnormalClosure:
		default:
			t.Errorf("Read() of a connection from before the reload = %v, want Close 1001, 1002 or none", err)
		}
		if ctx.Err() != nil {
			t.Error("a connection from before the reload stays open")
		}
	})
}

// answers reports whether a new connection is answered with text.
func answers(d dialer, text string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := d.dial(ctx, "/")
	if err != nil {
		return false
	}
	defer c.CloseNow()
	if c.Write(ctx, websocket.OpText, []byte("?")) != nil {
		return false
	}
	_, p, err := c.Read(ctx)
	return err == nil && string(p) == text
}
