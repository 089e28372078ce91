package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

// TestConformThroughHTTP2 plays the conformance suite through HAProxy, which makes
// WebSockets over HTTP/2 of those over HTTP/1.1 (ws h2).
func TestConformThroughHTTP2(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("haproxy")
	need(t, err, "apt-get install haproxy")
	b := startBackend(t, "--http2", "--compress", "--quiet", "--max-message=16777216")
	tap := startTap(t, b.addr)
	p := haproxy.run(t, tap.addr, "server one "+tap.addr, "server one "+tap.addr+" proto h2 ws h2")
	page := dialer{proxy: p, scheme: "ws", origin: "http://" + host}
	testEcho(t, page)
	testOrigin(t, page)

	const exclude = "--exclude=9.*"
	path := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(t.Context(), zerowire, "conform", "--brief", exclude, "--strict", "--messages=20", "--patience=20s", "--json="+path, "ws://"+p.ws+"/echo")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s\nhaproxy:\n%s", cmd.Args, err, out, p.out.tail())
	}
	cases, err := exec.CommandContext(t.Context(), zerowire, "conform", "--list", exclude).Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Total struct{ Cases, Pass, Informational int }
		Cases []struct{ ID string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	groups := map[string]int{}
	for _, c := range report.Cases {
		group, _, _ := strings.Cut(c.ID, ".")
		groups[group]++
	}
	for _, group := range []string{"1", "2", "3", "4", "5", "6", "7", "10", "12", "13"} {
		if groups[group] == 0 {
			t.Errorf("no case of group %s was played", group)
		}
	}
	if n := report.Total; n.Cases != bytes.Count(cases, []byte("\n")) || n.Pass+n.Informational != n.Cases || n.Informational > 3 {
		t.Errorf("%d cases were played, %d passed, %d are informational, want all of %d, and at most 3 informational", n.Cases, n.Pass, n.Informational, bytes.Count(cases, []byte("\n")))
	}
	if http2, others := tap.counts(); http2 == 0 || others > 0 {
		t.Errorf("HAProxy opened %d connections with HTTP/2 and %d others", http2, others)
	}
}

// tap is a listener that relays connections to a backend, and counts those of HTTP/2.
type tap struct {
	addr string

	mu            sync.Mutex
	http2, others int
}

// startTap starts a tap in front of backend.
func startTap(t *testing.T, backend string) *tap {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tap := &tap{addr: ln.Addr().String()}
	var relays sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		relays.Wait()
	})
	relays.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			relays.Go(func() { tap.relay(in, backend) })
		}
	})
	return tap
}

// relay relays one connection until either end closes it.
func (tap *tap) relay(in net.Conn, backend string) {
	defer in.Close()
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	first := make([]byte, len(preface))
	if _, err := io.ReadFull(in, first); err != nil {
		return // HAProxy, or the test, has closed a connection without a request
	}
	tap.mu.Lock()
	if string(first) == preface {
		tap.http2++
	} else {
		tap.others++
	}
	tap.mu.Unlock()
	out, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		defer in.Close()
		io.Copy(in, out)
	}()
	out.Write(first)
	io.Copy(out, in)
}

// counts returns how many connections began with the preface of HTTP/2, and how many did not.
func (tap *tap) counts() (http2, others int) {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	return tap.http2, tap.others
}

// overManySockets has a page open 50 WebSockets, and returns what happened on them: for
// each its extensions, whether a text and a binary message came back, and how it was closed:
// by the page, or by the server if that is asked for a code. Every fifth is compressed. The
// first 25 send 1 MiB, the others 10 KB.
const overManySockets = `(() => {
	const numbers = new Uint32Array(1 << 18).map((_, at) => at * 2654435761 >>> (at & 15));
	return Promise.all(Array.from({length: 50}, (_, i) => new Promise((resolve) => {
		const socket = new WebSocket("wss://" + location.host + (i % 5 ? "/echo" : "/compressed"));
		socket.binaryType = "arraybuffer";
		const large = numbers.slice(0, i < 25 ? numbers.length : 2500);
		large[i] = i;
		const seen = {echoes: []};
		socket.onopen = () => { seen.extensions = socket.extensions; socket.send("hello " + i); socket.send(large); };
		socket.onmessage = ({data}) => {
			if (typeof data === "string") { seen.echoes.push(data === "hello " + i); return; }
			const got = new Uint32Array(data);
			seen.echoes.push(got.length === large.length && got.every((n, at) => n === large[at]));
			if (i % 2) socket.close(4000 + i, "by the page"); else socket.send("close " + (4000 + i));
		};
		socket.onclose = (event) => resolve({...seen, code: event.code, reason: event.reason, clean: event.wasClean});
	}))).then((all) => JSON.stringify(all));
})()`

// closing is an echo that closes the connection when it is asked to.
func closing(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if code, ok := strings.CutPrefix(string(p), "close "); ok {
		c.Close(websocket.StatusCode(4000+int(code[2]-'0')*10+int(code[3]-'0')), "by the server")
		return
	}
	c.Write(context.Background(), op, p)
}

// TestBrowserHTTP2 opens 50 WebSockets of a page over HTTP/2 on one connection.
func TestBrowserHTTP2(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var remotes []string // of the WebSockets
	byPage := 0          // closed with the code and the reason of the page
	opts := testkit.Unhurried(websocket.Options{MaxMessage: 1 << 21})
	opts.Hooks.Closed = func(_ *websocket.Conn, err error) {
		mu.Lock()
		defer mu.Unlock()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Code%2 == 1 && closed.Reason == "by the page" {
			byPage++
		}
	}
	echo := &websocket.Server{Handler: websocket.MessageFunc(closing), Options: opts}
	opts.Compression = &websocket.Compression{}
	compressed := &websocket.Server{Handler: websocket.MessageFunc(closing), Options: opts}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			t.Errorf("%s %s %s with Upgrade", r.Method, r.URL.Path, r.Proto)
		}
		if r.Method == http.MethodConnect && r.URL.Path == "/refused" {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodConnect {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<!doctype html><title>page</title>"))
			return
		}
		mu.Lock()
		remotes = append(remotes, r.RemoteAddr)
		mu.Unlock()
		if r.URL.Path == "/compressed" {
			compressed.ServeHTTP(w, r)
			return
		}
		echo.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)

	tab, cancel := chromedp.NewContext(startBrowser(t), chromedp.WithNewBrowserContext())
	defer cancel()
	tab, stop := context.WithTimeout(tab, 8*patience)
	defer stop()
	if err := chromedp.Do(tab, chromedp.Navigate("https://"+host+":"+port(s.Listener.Addr().String())+"/")); err != nil {
		t.Fatal(err)
	}
	out, err := chromedp.Run(tab, chromedp.Evaluate[string](overManySockets, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	// What is refused over HTTP/2 is not tried again over HTTP/1.1.
	const refused = `new Promise((resolve) => {
		new WebSocket("wss://" + location.host + "/refused").onclose = (event) => resolve(event.code);
	})`
	if code, err := chromedp.Run(tab, chromedp.Evaluate[int](refused, chromedp.EvalAwaitPromise)); err != nil || code != 1006 {
		t.Errorf("a WebSocket that is refused: closed with %d, %v, want 1006", code, err)
	}
	var seen []struct {
		Extensions string
		Echoes     []bool
		Code       websocket.StatusCode
		Reason     string
		Clean      bool
	}
	if err := json.Unmarshal([]byte(out), &seen); err != nil {
		t.Fatal(err)
	}
	for i, s := range seen {
		reason := "by the server"
		if i%2 == 1 {
			reason = "" // the server returns the code of the page
		}
		if strings.HasPrefix(s.Extensions, "permessage-deflate") != (i%5 == 0) || len(s.Echoes) != 2 || !s.Echoes[0] || !s.Echoes[1] ||
			s.Code != websocket.StatusCode(4000+i) || s.Reason != reason || !s.Clean {
			t.Errorf("WebSocket %d: closed with %d, %+v", i, s.Code, s)
		}
	}
	eventually(func() bool { // the page may know of the end before the hook is called
		mu.Lock()
		defer mu.Unlock()
		return byPage >= 25
	})
	mu.Lock()
	defer mu.Unlock()
	for _, remote := range remotes {
		if remote != remotes[0] {
			t.Errorf("WebSockets came from %v, want all on one connection", remotes)
			break
		}
	}
	if len(seen) != 50 || len(remotes) != 50 {
		t.Errorf("%d WebSockets in the page, %d over HTTP/2 at the server, want 50 each", len(seen), len(remotes))
	}
	if byPage != 25 {
		t.Errorf("the server has seen %d WebSockets closed by the page, want 25", byPage)
	}
}
