package websocket_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// wrappedListener accepts connections that hide every method but those of net.Conn.
type wrappedListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (ln wrappedListener) Accept() (net.Conn, error) {
	nc, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return ln.wrap(nc), nil
}

// A handler of Server.HTTP that hijacks its connection can close one direction, if the
// connection that the listener has accepted can.
func TestHijackedConnHalfCloses(t *testing.T) {
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	defer certs.Close()
	plain := func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }
	for _, tt := range []struct {
		name string
		wrap func(net.Conn) net.Conn
		dial func(addr string) (net.Conn, error)
		want error // of CloseWrite
	}{
		{"TCP", wrappers["bare"], plain, nil},
		{"TLS", func(nc net.Conn) net.Conn { return tls.Server(nc, certs.TLS) }, func(addr string) (net.Conn, error) {
			return tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		}, nil},
		{"a wrapper with NetConn", wrappers["with NetConn"], plain, nil},
		{"a wrapper", wrappers["embedded"], plain, errors.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			after := make(chan string, 1)
			addr := serveOn(t, &websocket.Server{Handler: forms["events"], HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				nc, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer nc.Close()
				defer close(after)
				io.WriteString(nc, "last")
				half, ok := nc.(interface{ CloseWrite() error })
				if !ok {
					t.Errorf("a hijacked connection is a %T, without CloseWrite", nc)
					return
				}
				if err := half.CloseWrite(); !errors.Is(err, tt.want) {
					t.Errorf("CloseWrite() = %v, want %v", err, tt.want)
				}
				if tt.want == nil {
					rest, _ := io.ReadAll(nc)
					after <- string(rest)
				}
			})}, wrappedListener{ln, tt.wrap})
			nc, err := tt.dial(addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(patience))
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if got, err := io.ReadAll(nc); err != nil || string(got) != "last" {
				t.Fatalf("read %q, %v, want the last bytes and the end", got, err)
			}
			if tt.want != nil {
				return
			}
			io.WriteString(nc, "after the end")
			nc.(interface{ CloseWrite() error }).CloseWrite()
			if rest := <-after; rest != "after the end" {
				t.Errorf("the handler read %q behind the end that it sent", rest)
			}
		})
	}
}

// A larger MaxHeadBytes holds for every request of a connection, also for those that net/http
// reads: a page, and an upgrade after it.
func TestMaxHeadBytesBesidePages(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	addr := serve(t, &websocket.Server{HTTP: page, Handler: forms["events"], Options: websocket.Options{Logger: quiet, MaxHeadBytes: 3 << 20}})
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(nc)
	cookie := "Cookie: a=" + strings.Repeat("x", 2<<20)
	for _, tt := range []struct {
		request string
		status  int
	}{{"GET / HTTP/1.1\nHost: a\n" + cookie + "\n\n", 200}, {plus(cookie), 101}} {
		io.WriteString(nc, strings.ReplaceAll(tt.request, "\n", "\r\n"))
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != tt.status {
			t.Fatalf("response: %v, %v, want %d", resp, err, tt.status)
		}
		io.Copy(io.Discard, resp.Body)
	}
	wantEchoOn(t, nc, "hello")
}
