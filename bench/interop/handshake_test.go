package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// oddSubprotocol is in use, and no token as RFC 6455 §4.1 wants one.
const oddSubprotocol = "SPDY/3.1+portforward.k8s.io"

// edges are the programs for opening handshakes out of the ordinary.
var edges = []struct {
	name    string
	command func(t *testing.T) *exec.Cmd
}{
	{"python", func(t *testing.T) *exec.Cmd {
		const python = "/usr/bin/python3"
		if out, err := exec.Command(python, "-c", "import aiohttp, websockets").CombinedOutput(); err != nil {
			need(t, fmt.Errorf("importing aiohttp and websockets: %w\n%s", err, out), "apt-get install python3-aiohttp python3-websockets")
		}
		return exec.Command(python, filepath.Join("testdata", "python", "edges.py"))
	}},
	{"node", func(t *testing.T) *exec.Cmd {
		node, dir := installNode(t)
		return exec.Command(node, filepath.Join(dir, "edges.js"))
	}},
}

// TestHandshakeWithServers dials servers of other libraries.
func TestHandshakeWithServers(t *testing.T) {
	t.Parallel()
	for _, program := range edges {
		t.Run(program.name, func(t *testing.T) {
			t.Parallel()
			for name, url := range serveEdges(t, program.command(t)) {
				t.Run(name, func(t *testing.T) { playEdges(t, name, url) })
			}
		})
	}
}

// serveEdges starts the servers of a program, until the test ends, and returns their URLs by
// the names of the libraries.
func serveEdges(t *testing.T, cmd *exec.Cmd) (urls map[string]string) {
	t.Helper()
	cmd.Args = append(cmd.Args, "serve")
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	giveUp := time.AfterFunc(3*patience, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd.Args, err)
		}
		giveUp.Stop()
	})
	if err := json.NewDecoder(stdout).Decode(&urls); err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return urls
}

func playEdges(t *testing.T, name, server string) {
	long := strings.Repeat("x", 20_000)
	if name == "websockets" {
		long = "short" // its lines end at 4 KB
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := url.Parse(strings.Replace(server, "ws", "http", 1))
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(site, []*http.Cookie{{Name: "j", Value: "3"}})

	t.Run("cookies of the caller and of the jar", func(t *testing.T) {
		seen, _ := dialEdge(t, server+"/ws", &websocket.DialOptions{Jar: jar, Header: http.Header{"Cookie": {"a=1", "b=" + long}}})
		if want := []string{"a=1; b=" + long + "; j=3"}; !slices.Equal(seen.Cookies, want) {
			t.Errorf("the server has seen Cookie: %.80q, want %.80q", seen.Cookies, want)
		}
	})
	t.Run("cookies of the server", func(t *testing.T) {
		dialEdge(t, server+"/set", &websocket.DialOptions{Jar: jar})
		seen, _ := dialEdge(t, server+"/ws", &websocket.DialOptions{Jar: jar})
		if want := []string{"j=3; s=1"}; !slices.Equal(seen.Cookies, want) {
			t.Errorf("the server has seen Cookie: %q, want %q", seen.Cookies, want)
		}
	})
	t.Run("80 KB of cookies of the server", func(t *testing.T) {
		_, err := websocket.Dial(t.Context(), server+"/long", nil)
		if err == nil || !strings.Contains(err.Error(), "Options.MaxHeadBytes") {
			t.Errorf("Dial() with the default limit = %v, want an error that names Options.MaxHeadBytes", err)
		}
		_, header := dialEdge(t, server+"/long", &websocket.DialOptions{Options: websocket.Options{MaxHeadBytes: 100_000}})
		if n := len(header["Set-Cookie"]); n != 4 {
			t.Errorf("the response has %d cookies, want 4", n)
		}
	})
	t.Run("redirect to a query that is no ASCII", func(t *testing.T) {
		seen, _ := dialEdge(t, server+"/redirect", nil)
		if want := "/ws?q=a%20b%C3%BC"; seen.Target != want {
			t.Errorf("the server has seen the target %q, want %q", seen.Target, want)
		}
	})
	switch name {
	case "aiohttp":
		t.Run("sub-protocol that is no token", func(t *testing.T) {
			_, header := dialEdge(t, server+"/ws", &websocket.DialOptions{Options: websocket.Options{Subprotocols: []string{"v1", oddSubprotocol}}})
			if got := header.Get("Sec-WebSocket-Protocol"); got != oddSubprotocol {
				t.Errorf("the server has chosen %q, want %q", got, oddSubprotocol)
			}
		})
	case "ws":
		t.Run("no reason phrase, empty elements, a folded field", func(t *testing.T) {
			_, header := dialEdge(t, server+"/odd", &websocket.DialOptions{Options: websocket.Options{Compression: &websocket.Compression{Threshold: -1}}})
			if note, extensions := header.Get("X-Note"), header.Get("Sec-WebSocket-Extensions"); strings.Join(strings.Fields(note), " ") != "folded twice here" || !strings.HasPrefix(extensions, ", ") {
				t.Errorf("the response has X-Note: %q and Sec-WebSocket-Extensions: %q", note, extensions)
			}
		})
	}
}

// edgeSeen is what a server says of a request, as its first message.
type edgeSeen struct {
	Cookies []string
	Target  string
}

// dialEdge dials, and returns what the server has seen, and the header of its answer. The
// connection then has to echo.
func dialEdge(t *testing.T, url string, opts *websocket.DialOptions) (seen edgeSeen, header http.Header) {
	t.Helper()
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	o.Accepted = func(h http.Header) error { header = h; return nil }
	c, err := websocket.Dial(t.Context(), url, &o)
	if err != nil {
		t.Fatalf("Dial(%s) = %v", url, err)
	}
	defer c.Close(websocket.StatusNormalClosure, "")
	if c.Subprotocol() != header.Get("Sec-WebSocket-Protocol") {
		t.Errorf("Subprotocol() = %q, want %q", c.Subprotocol(), header.Get("Sec-WebSocket-Protocol"))
	}
	_, p, err := c.Read(t.Context())
	if err != nil {
		t.Fatalf("Read() = %v", err)
	}
	if err := json.Unmarshal(p, &seen); err != nil {
		t.Fatalf("%v in %q", err, p)
	}
	if err := c.Write(t.Context(), websocket.OpText, greeting); err != nil {
		t.Fatalf("Write() = %v", err)
	}
	if _, p, err := c.Read(t.Context()); err != nil || !bytes.Equal(p, greeting) {
		t.Errorf("Read() = %q, %v, want the echo", p, err)
	}
	return seen, header
}

// TestHandshakeWithClients has clients of other libraries dial our servers: with a long
// cookie, with one above the default limit, and with that where an option allows it.
func TestHandshakeWithClients(t *testing.T) {
	t.Parallel()
	long, longer := "a="+strings.Repeat("x", 20_000), "a="+strings.Repeat("x", 100_000)
	type request struct{ cookie, extensions string }
	opened := make(chan request, 64)
	opts := websocket.Options{
		Subprotocols: []string{oddSubprotocol, "v1"},
		Compression:  &websocket.Compression{Threshold: -1},
		Hooks: websocket.Hooks{Opened: func(_ *websocket.Conn, r *websocket.Request) {
			opened <- request{r.Header("Cookie"), r.Header("Sec-WebSocket-Extensions")}
		}},
	}
	wide := opts
	wide.MaxHeadBytes = 200_000
	own, behind := serveEcho(t, opts), listen(t)
	srv := &websocket.Server{Options: opts, Handler: echoHandler}
	t.Cleanup(func() { srv.Close() })
	serveHTTP(t, behind, srv.ServeHTTP)
	dials := []struct {
		URL     string `json:"url"`
		Cookie  string `json:"cookie"`
		refused bool   // with 431
	}{
		{URL: own, Cookie: long},
		{URL: own, Cookie: longer, refused: true},
		{URL: serveEcho(t, wide), Cookie: longer},
		{URL: wsURL(behind), Cookie: longer},
	}
	in, err := json.Marshal(dials)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range edges {
		t.Run(program.name, func(t *testing.T) {
			cmd := program.command(t)
			cmd.Args = append(cmd.Args, "dial")
			cmd.Stdin, cmd.Stderr = bytes.NewReader(in), t.Output()
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %v", cmd.Args, err)
			}
			var seen map[string][]struct {
				Protocol, Extensions, Echo, Error string
				Status                            int
			}
			if err := json.Unmarshal(out, &seen); err != nil || len(seen) != 2 {
				t.Fatalf("%v in %q", err, out)
			}
			for library, results := range seen {
				subprotocol, extension := "v1", ""
				switch library {
				case "aiohttp":
					subprotocol = oddSubprotocol
				case "ws", "undici":
					extension = "permessage-deflate"
				}
				for i, got := range results {
					switch {
					case !dials[i].refused:
						if got.Echo != "hello" || got.Protocol != subprotocol || !strings.HasPrefix(got.Extensions, extension) {
							t.Errorf("%s, dial %d: %+v, want an echo, %q and %q", library, i, got, subprotocol, extension)
						}
					case library == "undici": // it does not say why
						if got.Error == "" {
							t.Errorf("undici, dial %d: %+v, want an error", i, got)
						}
					case got.Status != http.StatusRequestHeaderFieldsTooLarge:
						t.Errorf("%s, dial %d: %+v, want status 431", library, i, got)
					}
				}
			}
			var cookies, empty int
			for len(opened) > 0 { // the hook is called before the client can have its echo
				got := <-opened
				cookies += len(got.cookie)
				if strings.HasPrefix(got.extensions, ", permessage-deflate, ,") {
					empty++
				}
			}
			if want := len(seen) * (len(long) + 2*len(longer)); cookies != want {
				t.Errorf("the servers have seen %d bytes of cookies, want %d", cookies, want)
			}
			if program.name == "node" && empty != 3 {
				t.Errorf("the servers have seen empty elements in %d requests, want those of ws, 3", empty)
			}
		})
	}
}

// serveEcho runs an echo server on a listener of its own, and returns its URL.
func serveEcho(t *testing.T, opts websocket.Options) string {
	t.Helper()
	ln := listen(t)
	srv := &websocket.Server{Options: opts, Handler: echoHandler}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return wsURL(ln)
}

var echoHandler = websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
})
