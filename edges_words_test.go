package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// TestOwnListenerSaysWhatToDo sends an own listener what it does not serve. The words of the
// answer are true and useful, with Server.HTTP and without it.
func TestOwnListenerSaysWhatToDo(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	alone := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}})
	beside := serve(t, &websocket.Server{Handler: forms["events"], HTTP: page, Options: websocket.Options{Logger: quiet}})
	many := "Sec-WebSocket-Protocol: a"
	for i := range 64 {
		many += fmt.Sprint(", ", i)
	}
	for _, tt := range []struct {
		name, request string
		status        int
		says          string // in the body
		http          int    // status with Server.HTTP, 0 for the same as without it
	}{
		{"OPTIONS *", "OPTIONS * HTTP/1.1\nHost: a\nConnection: close\n\n", 405, "GET", 200},
		{"CONNECT", "CONNECT a:80 HTTP/1.1\nHost: a:80\nConnection: close\n\n", 405, "GET", 200},
		{"GET with a target of OPTIONS", "GET * HTTP/1.1\nHost: a\nConnection: close\n\n", 400, "malformed request line", 200},
		{"preface of HTTP/2", "PRI * HTTP/2.0\n\nSM\n\n", 400, "extended CONNECT", 0},
		{"upgrade over HTTP/2.0 in the words of HTTP/1", with("GET /chat HTTP/1.1", "GET /chat HTTP/2.0"), 400, "extended CONNECT", 0},
		{"page over HTTP/2.0 in the words of HTTP/1", "GET / HTTP/2.0\nHost: a\n\n", 400, "extended CONNECT", 0},
		{"version 3", with("GET /chat HTTP/1.1", "GET /chat HTTP/3"), 400, "extended CONNECT", 0},
		{"browser", "GET / HTTP/1.1\nHost: a\nConnection: close\n\n", 426, "connect with a WebSocket client", 200},
		{"proxy without Connection", with("Connection: Upgrade", "Connection: close"), 426, "have proxies pass on Upgrade", 200},
		{"65 sub-protocols", plus(many), 400, "1 to 64", 0},
	} {
		for addr, status := range map[string]int{alone: tt.status, beside: tt.http} {
			t.Run(tt.name, func(t *testing.T) {
				says := tt.says
				switch status {
				case 0:
					status = tt.status
				case 200:
					says = ""
				}
				resp, body, _ := send(t, addr, tt.request)
				if resp.StatusCode != status || !strings.Contains(body, says) {
					t.Errorf("response: %d %q, want %d and %q", resp.StatusCode, body, status, says)
				}
				if status == 405 && resp.Header.Get("Allow") != "GET" {
					t.Errorf("Allow: %q, want GET", resp.Header.Get("Allow"))
				}
			})
		}
	}
}

// TestRefusalOfHEADHasNoBody reads the response as a client of HEAD does: up to the end of
// its head. Nothing follows.
func TestRefusalOfHEADHasNoBody(t *testing.T) {
	own := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}})
	hs := httptest.NewServer(&websocket.Server{Handler: forms["events"]})
	defer hs.Close()
	for name, addr := range map[string]string{"own listener": own, "ServeHTTP": hs.Listener.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(patience))
			clock := testkit.StartClock(t)
			io.WriteString(nc, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
			in := bufio.NewReader(nc)
			resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodHead})
			if err != nil || resp.StatusCode != 405 {
				t.Fatalf("response: %v, %v, want 405", resp, err)
			}
			if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 || clock.Elapsed() > 5*time.Second {
				t.Errorf("after the head: %q, %v, after %v; want the end", rest, err, clock.Elapsed())
			}
		})
	}
}

// TestPortOfTheOtherKind connects without TLS to a port for TLS, and with TLS to one without.
// Both ends name the cause.
func TestPortOfTheOtherKind(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan error, 1)
	opts := websocket.Options{Logger: quiet, Hooks: websocket.Hooks{Refused: func(_ *websocket.Request, err error) { refused <- err }}}
	secure := serveOn(t, &websocket.Server{Handler: forms["events"], Options: opts}, ln)
	plain := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}})

	t.Run("HTTP to TLS", func(t *testing.T) {
		_, err := websocket.Dial(background, "ws://"+secure, &websocket.DialOptions{Proxy: noProxy})
		if got, ok := errors.AsType[*websocket.HandshakeError](err); !ok || got.Status != 400 || !strings.Contains(err.Error(), "use wss") {
			t.Errorf("Dial() = %v, want the 400 and its words", err)
		}
		err = <-refused
		if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok || !strings.Contains(err.Error(), "use wss") {
			t.Errorf("Refused got %v, want a tls.RecordHeaderError with the words", err)
		}
	})
	t.Run("neither to TLS", func(t *testing.T) {
		nc, err := net.Dial("tcp", secure)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "\x00\x00\x00\x00\x00\x00")
		if answer, _ := io.ReadAll(nc); len(answer) > 0 && answer[0] == 'H' {
			t.Errorf("answer: %q, want none in HTTP", answer)
		}
		if err := <-refused; err == nil {
			t.Error("Refused got no error")
		}
	})
	t.Run("TLS to HTTP", func(t *testing.T) {
		_, err := websocket.Dial(background, "wss://"+plain, &websocket.DialOptions{Proxy: noProxy})
		if err == nil || !strings.Contains(err.Error(), "use the port for TLS, or ws") {
			t.Errorf("Dial() = %v, want it to say what to do", err)
		}
	})
	for name, record := range map[string]string{"alert": "\x15\x03\x01\x00\x02\x02\x46", "handshake": "\x16\x03\x03\x00\x02\x02\x00"} {
		t.Run("HTTP to a server that answers with TLS: "+name, func(t *testing.T) {
			n := &network{peer: func(_ string, nc net.Conn) {
				http.ReadRequest(bufio.NewReader(nc))
				io.WriteString(nc, record)
			}}
			_, err := websocket.Dial(background, "ws://a.example", n.options())
			n.peers.Wait()
			if !errors.Is(err, codec.ErrStatusLine) || !strings.Contains(err.Error(), "use wss") {
				t.Errorf("Dial() = %v, want it to say what to do", err)
			}
		})
	}
}

// TestDialQuotesTheRefusal checks that the words of a refusal reach the error of Dial, and
// nothing else of its body.
func TestDialQuotesTheRefusal(t *testing.T) {
	for _, tt := range []struct{ name, response, says string }{
		{"a line", "Content-Type: text/plain; charset=utf-8\nContent-Length: 8\n\nsay this", `403: Forbidden: "say this"`},
		{"lines", "Content-Type: text/plain\nContent-Length: 12\n\nsay\nnot this", `403: Forbidden: "say"`},
		{"not ASCII", "Content-Type: text/plain\nContent-Length: 4\n\na\x1b\u00fc", `403: Forbidden: "a\x1b\u00fc"`},
		{"a long line", "Content-Type: text/plain\nContent-Length: 300\n\n" + strings.Repeat("x", 300), `403: Forbidden: "` + strings.Repeat("x", 200) + `"…`},
		{"a page", "Content-Type: text/html\nContent-Length: 13\n\n<html></html>", `403: Forbidden`},
		{"no type", "Content-Length: 3\n\nabc", `403: Forbidden`},
		{"empty", "Content-Type: text/plain\nContent-Length: 2\n\n\n", `403: Forbidden`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{peer: answering("HTTP/1.1 403 Forbidden\n"+tt.response, nil)}
			_, err := websocket.Dial(background, "ws://example.com", n.options())
			n.peers.Wait()
			if err == nil || !strings.HasSuffix(err.Error(), tt.says) {
				t.Errorf("Dial() = %v, want it to end in %s", err, tt.says)
			}
		})
	}
	t.Run("Server", func(t *testing.T) {
		addr := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}})
		_, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{Proxy: noProxy, Header: http.Header{"Origin": {"https://evil.example"}}})
		if err == nil || !strings.Contains(err.Error(), `origin \"https://evil.example\" not allowed`) {
			t.Errorf("Dial() = %v, want the words of the server", err)
		}
	})
}
