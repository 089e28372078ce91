package websocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// dialTCP connects to addr, for not longer than half a minute.
func dialTCP(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// TestPromise14WrongVersionsAreToldTheRight: another version is answered with 426 and the
// one that there is, and the connection closed; send checks that it is.
func TestPromise14WrongVersionsAreToldTheRight(t *testing.T) {
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	for _, version := range []string{"", "0", "8", "12", "14", "013", "13, 8", "13x", "255"} {
		resp, _, _ := send(t, addr, with("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: "+version))
		if got := resp.Header["Sec-Websocket-Version"]; resp.StatusCode != 426 || fmt.Sprint(got) != "[13]" || !resp.Close {
			t.Errorf("version %q is answered with %d, Sec-WebSocket-Version %q, close %v; want 426, 13, true", version, resp.StatusCode, got, resp.Close)
		}
	}
}

// TestPromise16HandshakesEndAfterTenSeconds dribbles opening handshakes to a server and to
// a client with zero Options: after ten seconds they are given up, not later for each byte
// that comes.
func TestPromise16HandshakesEndAfterTenSeconds(t *testing.T) {
	const limit = 10 * time.Second
	for name, bytes := range map[string]string{
		"nothing":       "",
		"a good one":    strings.ReplaceAll(goodRequest, "\n", "\r\n"),
		"without end":   "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 100),
		"a long target": "GET /" + strings.Repeat("x", 1000),
	} {
		t.Run("to a server, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nc := serveInMemory(t, forms["events"], websocket.Options{})
				defer nc.Close()
				start := time.Now()
				var dribbling sync.WaitGroup
				dribbling.Go(func() { dribble(nc, bytes[:max(0, len(bytes)-1)]) })
				defer dribbling.Wait()
				got, err := io.ReadAll(nc)
				if took := time.Since(start); len(got) > 0 || err != nil || took != limit {
					t.Errorf("the server sends %q, %v, and ends after %v; want nothing, after %v", got, err, took, limit)
				}
			})
		})
	}
	for name, bytes := range map[string]string{
		"nothing":     "",
		"a response":  strings.ReplaceAll(goodResponse, "\n", "\r\n")[:100],
		"without end": "HTTP/1.1 101 Switching Protocols\r\n" + strings.Repeat("X: y\r\n", 100),
	} {
		t.Run("to a client, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{peer: func(_ string, nc net.Conn) {
					dribble(nc, bytes)
					io.Copy(io.Discard, nc)
				}}
				start := time.Now()
				_, err := websocket.Dial(background, "ws://a.example", n.options())
				if took := time.Since(start); !errors.Is(err, websocket.ErrTimeout) || took != limit {
					t.Errorf("Dial() = %v after %v, want ErrTimeout after %v", err, took, limit)
				}
				n.peers.Wait()
			})
		})
	}
}

// dribble writes a byte of s every 300 ms.
func dribble(nc net.Conn, s string) {
	for i := range len(s) {
		if _, err := io.WriteString(nc, s[i:i+1]); err != nil {
			return
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// TestPromise17HeadsAreBounded: a head of 64 KiB and 256 lines passes, and a byte or a line
// more is refused when it comes, with 431 by a server and an error by a client, in one piece
// and byte by byte. A head costs no more memory than what has arrived, doubled.
func TestPromise17HeadsAreBounded(t *testing.T) {
	request := strings.ReplaceAll(goodRequest, "\n", "\r\n")
	response := strings.ReplaceAll(goodResponse, "\n", "\r\n")
	// padded lengthens a head to size bytes and lines header lines.
	padded := func(head string, size, lines int) string {
		head, rest := head[:len(head)-2], lines-strings.Count(head, "\r\n")+2
		head += strings.Repeat("X: y\r\n", max(0, rest-1))
		return head + "X: " + strings.Repeat("x", max(0, size-len(head)-len("X: \r\n\r\n"))) + "\r\n\r\n"
	}
	for _, tt := range []struct {
		name        string
		size, lines int
		passes      bool
	}{
		{"64 KiB", codec.MaxHeadBytes, 0, true},
		{"a byte more", codec.MaxHeadBytes + 1, 0, false},
		{"256 lines", 0, codec.MaxHeadLines, true},
		{"a line more", 0, codec.MaxHeadLines + 1, false},
		{"64 KiB and 256 lines", codec.MaxHeadBytes, codec.MaxHeadLines, true},
	} {
		for _, piece := range []int{1, 1 << 20} {
			t.Run(fmt.Sprintf("%s in pieces of %d", tt.name, piece), func(t *testing.T) {
				// 1 + 2 + 4 + … + 64 KiB, and what the pipe and the bubble cost.
				const most = uint64(768 << 10)
				least := uint64(math.MaxUint64)
				play := func(t *testing.T) {
					nc := serveInMemory(t, forms["events"], websocket.Options{})
					defer nc.Close()
					head := padded(request, tt.size, tt.lines)
					var got []byte
					read := make(chan struct{})
					go func() { defer close(read); got = firstLine(nc) }()
					spent := allocated(func() {
						for p := range pieces(head, piece) {
							if _, err := io.WriteString(nc, p); err != nil {
								break
							}
							synctest.Wait()
						}
						<-read
					})
					want := "HTTP/1.1 101 "
					if !tt.passes {
						want = "HTTP/1.1 431 "
					}
					if !bytes.HasPrefix(got, []byte(want)) {
						t.Errorf("the server answers %q, want %s", got, want)
					}
					least = min(least, spent)
				}
				for n := 0; n < 5 && least > most; n++ { // what ends of earlier tests allocates, too
					synctest.Test(t, play)
				}
				if least > most {
					t.Errorf("a head allocated %d bytes, want at most %d", least, most)
				}
				head := padded(response, tt.size, tt.lines)
				if tt.size > 0 { // KEY stands for 28 bytes
					head = padded(response, tt.size-28+len("KEY"), tt.lines)
				}
				n := &network{peer: func(addr string, nc net.Conn) {
					responding(func(string, *http.Request) string { return strings.ReplaceAll(head, "\r\n", "\n") })(addr, nc)
				}}
				c, err := websocket.Dial(background, "ws://a.example", n.options())
				if c != nil {
					c.CloseNow()
				}
				if refused := errors.Is(err, codec.ErrHeadTooBig) || errors.Is(err, codec.ErrTooManyLines); (err == nil) != tt.passes || err != nil && !refused {
					t.Errorf("Dial() = %v, want success: %v", err, tt.passes)
				}
				n.peers.Wait()
			})
		}
	}
	if codec.MaxHeadBytes != 64<<10 || codec.MaxHeadLines != 256 {
		t.Errorf("the limits are %d bytes and %d lines, want 64 KiB and 256", codec.MaxHeadBytes, codec.MaxHeadLines)
	}
}

// firstLine reads a line, and what else is sent until nothing more is.
func firstLine(nc net.Conn) []byte {
	line, _ := bufio.NewReader(nc).ReadBytes('\n')
	return line
}

func pieces(s string, size int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			n := min(size, len(s))
			if !yield(s[:n]) {
				return
			}
			s = s[n:]
		}
	}
}

// evil are strings that would be more than one line, field or value if they went out as
// they are.
var evil = []string{
	"a\r\nInjected: yes", "a\nInjected: yes", "a\rInjected: yes", "\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n", "a\x00b",
	"a\u010AInjected: yes", "a\x0bb", "\x7f", "a\r\n\r\n\x81\x05Hello", "\r\n", "\n", "a\r\n Injected: yes",
}

// TestPromise19NoStringInjects gives every evil string to everything that takes a string of
// the application's and sends it: the call fails and nothing goes out, or what goes out
// has the one field, and nothing beside it.
func TestPromise19NoStringInjects(t *testing.T) {
	log.SetOutput(io.Discard) // net/http tells what it drops of cookies
	defer log.SetOutput(os.Stderr)
	for name, set := range map[string]func(o *websocket.DialOptions, s string){
		"header value":      func(o *websocket.DialOptions, s string) { o.Header = http.Header{"X": {s}} },
		"second value":      func(o *websocket.DialOptions, s string) { o.Header = http.Header{"X": {"a", s}} },
		"header name":       func(o *websocket.DialOptions, s string) { o.Header = http.Header{s: {"b"}} },
		"Origin":            func(o *websocket.DialOptions, s string) { o.Header = http.Header{"Origin": {s}} },
		"Cookie":            func(o *websocket.DialOptions, s string) { o.Header = http.Header{"Cookie": {s}} },
		"Host":              func(o *websocket.DialOptions, s string) { o.Host = s },
		"sub-protocol":      func(o *websocket.DialOptions, s string) { o.Subprotocols = []string{s} },
		"sub-protocol, 2nd": func(o *websocket.DialOptions, s string) { o.Subprotocols = []string{"a", s} },
		"jar":               func(o *websocket.DialOptions, s string) { o.Jar = evilJar(s) },
	} {
		for _, s := range evil {
			wantOneRequest(t, name, "ws://example.com/", s, func(o *websocket.DialOptions) { set(o, s) })
		}
	}
	for name, at := range map[string]string{
		"path": "ws://example.com/%s", "query": "ws://example.com/?%s", "host": "ws://%s/", "end of the host": "ws://example.com%s/",
		"user": "ws://%s@example.com/", "password": "ws://a:%s@example.com/", "port": "ws://example.com:80%s/", "scheme": "ws%s://example.com/",
	} {
		for _, s := range evil {
			for how, escaped := range map[string]string{"as it is": s, "escaped": url.QueryEscape(s), "path-escaped": url.PathEscape(s)} {
				wantOneRequest(t, name+" "+how, fmt.Sprintf(at, escaped), s, func(*websocket.DialOptions) {})
			}
		}
	}
}

// evilJar has one cookie.
type evilJar string

func (evilJar) SetCookies(*url.URL, []*http.Cookie) {}
func (j evilJar) Cookies(*url.URL) []*http.Cookie {
	return []*http.Cookie{{Name: "a", Value: string(j)}, {Name: string(j), Value: "b"}}
}

// wantOneRequest dials and checks what the server gets.
func wantOneRequest(t *testing.T, name, rawURL, s string, set func(*websocket.DialOptions)) {
	t.Helper()
	var wire []byte
	n := &network{peer: func(_ string, nc net.Conn) {
		nc.SetReadDeadline(time.Now().Add(patience))
		for buf := make([]byte, 4096); !bytes.Contains(wire, []byte("\r\n\r\n")); {
			k, err := nc.Read(buf)
			if wire = append(wire, buf[:k]...); err != nil {
				return
			}
		}
		io.WriteString(nc, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		rest, _ := io.ReadAll(nc)
		wire = append(wire, rest...)
	}}
	opts := n.options()
	set(opts)
	_, err := websocket.Dial(background, rawURL, opts)
	n.peers.Wait()
	if len(wire) == 0 {
		if err == nil || statusOf(err) != 0 {
			t.Errorf("%s %q: nothing was sent, and Dial() = %v", name, s, err)
		}
		return
	}
	in := bufio.NewReader(bytes.NewReader(wire))
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Errorf("%s %q: sent is %q, of which net/http says %v", name, s, wire, err)
		return
	}
	rest, _ := io.ReadAll(in)
	lines := bytes.Count(wire, []byte("\r\n")) - 2
	fields := 1 // Host
	for _, values := range r.Header {
		fields += len(values)
	}
	if r.Header.Get("Injected") != "" || len(rest) > 0 || r.Method != "GET" || lines != fields || bytes.Count(wire, []byte{'\n'}) != lines+2 {
		t.Errorf("%s %q: %d lines and %d fields in %q, and %q behind it", name, s, lines, fields, wire, rest)
	}
}

// TestPromise19ServersInjectNothing does so with what a server sends.
func TestPromise19ServersInjectNothing(t *testing.T) {
	t.Parallel()
	for _, s := range evil {
		for name, h := range map[string]http.Handler{
			"value for Upgrade": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["X"] = []string{s}
				websocket.Upgrade(w, r, nil)
			}),
			"name for Upgrade": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()[s] = []string{"b"}
				websocket.Upgrade(w, r, nil)
			}),
			"reason behind net/http": &websocket.Server{Route: refusing(s)},
		} {
			wantOneResponse(t, name, s, strings.TrimPrefix(behindHTTP(t, h), "ws://"))
		}
		wantOneResponse(t, "reason", s, serve(t, &websocket.Server{Route: refusing(s)}))
		if opts := (websocket.Options{Subprotocols: []string{s}}); codec.IsSubprotocol(s) {
			wantOneResponse(t, "sub-protocol", s, serve(t, &websocket.Server{Handler: forms["events"], Options: opts}))
		} else if err := firstUses["Server.Serve"](t, opts); !errors.Is(err, websocket.ErrOptions) {
			t.Errorf("sub-protocol %q: Serve returns %v, want ErrOptions", s, err)
		}
	}
}

func refusing(reason string) func(*websocket.Request) (websocket.Handler, error) {
	return func(*websocket.Request) (websocket.Handler, error) {
		return nil, &websocket.HandshakeError{Status: 403, Reason: reason}
	}
}

// wantOneResponse asks and checks what is answered.
func wantOneResponse(t *testing.T, name, s, addr string) {
	t.Helper()
	nc := dialTCP(t, addr)
	defer nc.Close()
	first, _, _ := strings.Cut(s, "\r\n")
	request := strings.ReplaceAll(plus("Sec-WebSocket-Protocol: "+onlyToken(first)), "\n", "\r\n")
	if _, err := io.WriteString(nc, request); err != nil {
		t.Fatal(err)
	}
	if err := nc.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	wire, _ := io.ReadAll(nc)
	in := bufio.NewReader(bytes.NewReader(wire))
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Errorf("%s %q: answered is %q, of which net/http says %v", name, s, wire, err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	rest, _ := io.ReadAll(in)
	if resp.Header.Get("Injected") != "" || len(rest) > 0 && resp.StatusCode != 101 {
		t.Errorf("%s %q: answered is %q, with %q behind it", name, s, wire, rest)
	}
}

// onlyToken returns what of s a token may have.
func onlyToken(s string) string {
	s = strings.Map(func(r rune) rune {
		if codec.IsToken(string(r)) {
			return r
		}
		return -1
	}, s)
	return s + "a"
}
