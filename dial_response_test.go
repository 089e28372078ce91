package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

const goodResponse = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: KEY\n\n"

// answer returns goodResponse with a line changed, or left out if new is "".
func answer(old, new string) string {
	if !strings.Contains(goodResponse, old+"\n") {
		panic("no line " + old)
	}
	if new != "" {
		new += "\n"
	}
	return strings.Replace(goodResponse, old+"\n", new, 1)
}

// more returns goodResponse with another line.
func more(line string) string {
	return answer("Upgrade: websocket", "Upgrade: websocket\n"+line)
}

func TestDialRefusesBadAcceptance(t *testing.T) {
	for _, tt := range []struct {
		name, response string
		want           codec.Refusal
	}{
		{"wrong accept", answer("Sec-WebSocket-Accept: KEY", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), codec.ErrAccept},
		{"no accept", answer("Sec-WebSocket-Accept: KEY", ""), codec.ErrAcceptMissing},
		{"two accepts", more("Sec-WebSocket-Accept: KEY"), codec.ErrAcceptTwice},
		{"HTTP/1.0", answer("HTTP/1.1 101 Switching Protocols", "HTTP/1.0 101 Switching Protocols"), codec.ErrHTTP10},
		{"no Upgrade", answer("Upgrade: websocket", ""), codec.ErrUpgrade},
		{"another protocol", answer("Upgrade: websocket", "Upgrade: h2c"), codec.ErrUpgrade},
		{"no Connection", answer("Connection: Upgrade", ""), codec.ErrConnection},
		{"extension", more("Sec-WebSocket-Extensions: permessage-deflate"), codec.ErrExtension},
		{"unoffered sub-protocol", more("Sec-WebSocket-Protocol: b"), codec.ErrSubprotocolUnoffered},
		{"sub-protocol in another case", more("Sec-WebSocket-Protocol: A"), codec.ErrSubprotocolUnoffered},
		{"two sub-protocols", more("Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: a"), codec.ErrSubprotocolSeveral},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: answering(tt.response, nil)}
			opts := n.options()
			opts.Subprotocols = []string{"a"}
			_, err := websocket.Dial(background, "ws://example.com", opts)
			n.peers.Wait()
			refused, ok := errors.AsType[*websocket.HandshakeError](err)
			if !ok || refused.Status != 101 || refused.Header == nil || !errors.Is(err, tt.want) {
				t.Errorf("Dial() = %v, want a HandshakeError of the 101 that wraps %v", err, tt.want)
			}
		})
	}
}

func TestDialReportsRefusal(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	chunk := fmt.Sprintf("%x\n%s\n0\n\n", len(long), long)
	for _, tt := range []struct {
		name, response string
		status         int
		reason, body   string
	}{
		{"with a length", "HTTP/1.1 403 Forbidden\nContent-Length: 4\nX-Note: a\n\nno!\n", 403, "Forbidden", "no!\r\n"[:4]},
		{"to the end", "HTTP/1.1 503 Busy\nX-Note: a\n\nlater", 503, "Busy", "later"},
		{"no reason", "HTTP/1.1 401 \nX-Note: a\nContent-Length: 0\n\n", 401, "Unauthorized", ""},
		{"HTTP/1.0", "HTTP/1.0 400 Bad Request\nX-Note: a\n\nwhat", 400, "Bad Request", "what"},
		{"200", "HTTP/1.1 200 OK\nX-Note: a\nContent-Length: 2\n\nhi", 200, "OK", "hi"},
		{"204", "HTTP/1.1 204 No Content\nX-Note: a\n\n", 204, "No Content", ""},
		{"cut", "HTTP/1.1 500 Oops\nX-Note: a\nContent-Length: 100\n\nhalf", 500, "Oops", "half"},
		{"large", "HTTP/1.1 404 Not Found\nX-Note: a\nContent-Length: 10000\n\n" + long, 404, "Not Found", long[:4096]},
		{"chunked", "HTTP/1.1 404 Not Found\nX-Note: a\nTransfer-Encoding: chunked\n\n" + chunk, 404, "Not Found", long[:4096]},
		{"lengths that disagree", "HTTP/1.1 404 Not Found\nX-Note: a\nContent-Length: 1\nContent-Length: 2\n\nab", 404, "Not Found", ""},
		{"redirect without a place", "HTTP/1.1 302 Found\nX-Note: a\nContent-Length: 0\n\n", 302, "Found", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: answering(tt.response, nil)}
			_, err := websocket.Dial(background, "ws://example.com", n.options())
			n.peers.Wait()
			got, ok := errors.AsType[*websocket.HandshakeError](err)
			if !ok || !errors.Is(err, codec.ErrStatus) {
				t.Fatalf("Dial() = %v, want a HandshakeError that wraps ErrStatus", err)
			}
			if got.Status != tt.status || got.Reason != tt.reason || string(got.Body) != tt.body || got.Header.Get("X-Note") != "a" {
				t.Errorf("Dial() = %d %q, body %.20q (%d bytes), header %v, want %d %q, body %.20q (%d bytes)",
					got.Status, got.Reason, got.Body, len(got.Body), got.Header, tt.status, tt.reason, tt.body, len(tt.body))
			}
		})
	}
}

func TestDialRefusesWhatIsNotHTTP(t *testing.T) {
	for _, tt := range []struct {
		name, response string
		want           error
	}{
		{"nothing", "", io.ErrUnexpectedEOF},
		{"half a head", "HTTP/1.1 101 Switching Protocols\nUpgrade: web", io.ErrUnexpectedEOF},
		{"something else", "SSH-2.0-OpenSSH_9.6\n", codec.ErrStatusLine},
		{"HTTP/2 frames", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", codec.ErrStatusLine},
		{"header that is none", "HTTP/1.1 101 Switching Protocols\nhuh\n\n", codec.ErrHeaderLine},
		{"head above 64 KiB", more("X: " + strings.Repeat("x", 64<<10)), codec.ErrHeadTooBig},
		{"too many lines", more(strings.Repeat("X: y\n", 300) + "X: z"), codec.ErrTooManyLines},
		{"interim responses without end", strings.Repeat("HTTP/1.1 100 Continue\n\n", 4000), codec.ErrHeadTooBig},
		{"interim response of just 64 KiB", "HTTP/1.1 103 Early Hints\nX: " + strings.Repeat("x", 64<<10-len("HTTP/1.1 103 Early Hints\r\nX: \r\n\r\n")) + "\n\n" + goodResponse, codec.ErrHeadTooBig},
		{"large interim response", "HTTP/1.1 103 Early Hints\nX: " + strings.Repeat("x", 40<<10) + "\n\n" + more("X: "+strings.Repeat("x", 40<<10)), codec.ErrHeadTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: answering(tt.response, nil)}
			_, err := websocket.Dial(background, "ws://example.com", n.options())
			n.peers.Wait()
			if !errors.Is(err, tt.want) {
				t.Errorf("Dial() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDialSkipsInterimResponses(t *testing.T) {
	hints := "HTTP/1.1 103 Early Hints\nLink: </style.css>\n\nHTTP/1.1 100 Continue\n\n"
	for _, sizes := range [][]int{nil, {1}, {70}} {
		n := &network{}
		n.peer = func(addr string, nc net.Conn) { answering(hints+goodResponse, nil)(addr, wstest.Chop(nc, sizes...)) }
		c, err := websocket.Dial(background, "ws://example.com", n.options())
		n.peers.Wait()
		if err != nil {
			t.Errorf("Dial() with a response in pieces of %v = %v", sizes, err)
			continue
		}
		c.CloseNow()
	}
}

func TestPromise15EarlyFramesOfServersAreKept(t *testing.T) {
	for _, message := range []string{"early", strings.Repeat("x", 50_000)} {
		frame := wstest.Text(message).Append(nil)
		n := &network{peer: answering(goodResponse+string(frame), nil)}
		c, err := websocket.Dial(background, "ws://example.com", n.options())
		if err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(background); string(p) != message {
			t.Errorf("Read() = %.20q (%d bytes), %v, want %.20q (%d bytes)", p, len(p), err, message, len(message))
		}
		c.CloseNow()
		n.peers.Wait()
	}
}

func TestDialAccepted(t *testing.T) {
	n := &network{peer: answering(more("X-Session: 7"), nil)}
	opts := n.options()
	var session string
	opts.Accepted = func(h http.Header) error { session = h.Get("X-Session"); return nil }
	c, err := websocket.Dial(background, "ws://example.com", opts)
	if err != nil || session != "7" {
		t.Fatalf("Dial() = %v, session %q, want 7", err, session)
	}
	c.CloseNow()
	unwanted := errors.New("unwanted")
	opts.Accepted = func(http.Header) error { return unwanted }
	if _, err := websocket.Dial(background, "ws://example.com", opts); !errors.Is(err, unwanted) {
		t.Errorf("Dial() = %v, want %v", err, unwanted)
	}
	ctx, cancel := context.WithCancel(background)
	opts.Accepted = func(http.Header) error { cancel(); return nil }
	if _, err := websocket.Dial(ctx, "ws://example.com", opts); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial() whose context ends at the last moment = %v, want context.Canceled", err)
	}
	n.peers.Wait()
}

func TestDialCookieJar(t *testing.T) {
	for _, tt := range []struct{ name, response string }{
		{"accepted", more("Set-Cookie: a=1; Path=/")},
		{"refused", "HTTP/1.1 403 Forbidden\nSet-Cookie: a=1; Path=/\nContent-Length: 0\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			jar, _ := cookiejar.New(nil)
			site := &url.URL{Scheme: "http", Host: "example.com", Path: "/"}
			jar.SetCookies(site, []*http.Cookie{{Name: "b", Value: "2"}})
			var sent string
			n := &network{peer: answering(tt.response, func(r *http.Request) { sent = r.Header.Get("Cookie") })}
			opts := n.options()
			opts.Jar, opts.Header = jar, http.Header{"Cookie": {"c=3"}}
			if c, err := websocket.Dial(background, "ws://example.com", opts); err == nil {
				c.CloseNow()
			}
			n.peers.Wait()
			if sent != "c=3; b=2" {
				t.Errorf("Cookie = %q, want c=3; b=2", sent)
			}
			if cookies := fmt.Sprint(jar.Cookies(site)); cookies != "[b=2 a=1]" {
				t.Errorf("cookies in the jar = %v, want b=2 and a=1", cookies)
			}
		})
	}
}
