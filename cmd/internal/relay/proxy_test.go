package relay

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestRequestIsPassedOn looks at what the server is asked: what the client asked,
// line by line, but for the Host.
func TestRequestIsPassedOn(t *testing.T) {
	const further = "Origin: https://app.example\r\nCookie: a=b; c=d\r\nSec-WebSocket-Protocol: chat, superchat\r\nx-odd-CASE:  spaces  \r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-other\r\n"
	tests := []struct{ name, path, target string }{
		{"the client's target", "", "/room?x=1"},
		{"the URL's path", "/live?k=v", "/live?k=v"},
		{"the URL's root", "/", "/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ln := listen(t)
			host := ln.Addr().String()
			_, addr := serveProxy(t, "ws://us%65r:pass@"+host+tt.path)
			client := dial(t, addr)
			client.send(request + further + "\r\n")
			got := accept(t, ln).head()
			want := strings.Replace(request+further+"Authorization: Basic dXNlcjpwYXNz\r\n\r\n", "GET /room?x=1 HTTP/1.1\r\nHost: proxy.example\r\n", "GET "+tt.target+" HTTP/1.1\r\nHost: "+host+"\r\n", 1)
			want = strings.Replace(want, ":  spaces  ", ": spaces", 1)
			if got != want {
				t.Errorf("the server got the request\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestFramesPassAsTheyCame sends frames of every kind, legal in their place, and has
// them come out byte by byte the same, in both directions.
func TestFramesPassAsTheyCame(t *testing.T) {
	r := open(t, extended)
	for _, from := range []codec.Role{fromClient, fromServer} {
		src, dst := r.client, r.server
		if from == fromServer {
			src, dst = r.server, r.client
		}
		for _, p := range []string{
			frame(from, codec.OpText, true, 0, "Hello"),
			frame(from, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00"),
			frame(from, codec.OpBinary, false, 0, strings.Repeat("x", 70000)),
			frame(from, codec.OpPing, true, 0, "still there?"),
			frame(from, codec.OpContinuation, false, 0, ""),
			frame(from, codec.OpPong, true, 0, ""),
			frame(from, codec.OpContinuation, true, 0, strings.Repeat("y", 300)),
			frame(from, codec.OpClose, true, 0, "\x0f\xa1bye"),
		} {
			half := len(p) / 2
			src.send(p[:half])
			src.send(p[half:])
			dst.want(p)
		}
		src.CloseWrite()
		dst.wantEnd()
	}
}

// TestBytesBehindTheHandshake has both ends send frames at once with their heads.
func TestBytesBehindTheHandshake(t *testing.T) {
	ln := listen(t)
	_, addr := serveProxy(t, "ws://"+ln.Addr().String())
	client := dial(t, addr)
	client.send(request + "\r\n" + frame(fromClient, codec.OpText, true, 0, "early"))
	server := accept(t, ln)
	server.head()
	server.send("HTTP/1.1 103 Early Hints\r\n\r\n" + response + "\r\n" + frame(fromServer, codec.OpText, true, 0, "late"))
	client.want("HTTP/1.1 103 Early Hints\r\n\r\n" + response + "\r\n" + frame(fromServer, codec.OpText, true, 0, "late"))
	server.want(frame(fromClient, codec.OpText, true, 0, "early"))
}

// TestEndings has connections end in every way, and looks at what the other end gets.
func TestEndings(t *testing.T) {
	text := func(from codec.Role) string { return frame(from, codec.OpText, true, 0, "Hello") }
	tests := []struct {
		name string
		play func(r *rig)
	}{
		{"the client is lost", func(r *rig) {
			r.client.Close()
			r.server.wantClose(codec.StatusGoingAway, "client's connection was lost")
		}},
		{"the client is reset", func(r *rig) {
			r.client.SetLinger(0)
			r.client.Close()
			r.server.wantClose(codec.StatusGoingAway, "client's connection was lost")
		}},
		{"the server is lost", func(r *rig) {
			r.server.Close()
			r.client.wantClose(codec.StatusBadGateway, "server's connection was lost")
		}},
		{"the server is reset", func(r *rig) {
			r.server.SetLinger(0)
			r.server.Close()
			r.client.wantClose(codec.StatusBadGateway, "server's connection was lost")
		}},
		{"the client is lost inside a message", func(r *rig) {
			p := frame(fromClient, codec.OpText, false, 0, "Hel")
			r.client.send(p)
			r.client.Close()
			r.server.want(p)
			r.server.wantClose(codec.StatusGoingAway, "")
		}},
		{"the client is lost inside a frame", func(r *rig) {
			r.client.send(text(fromClient)[:7])
			r.client.Close()
			r.server.want(text(fromClient)[:7])
			r.server.wantEnd()
		}},
		{"the server is lost inside a header", func(r *rig) {
			r.server.send("\x81")
			r.server.Close()
			r.client.want("\x81")
			r.client.wantEnd()
		}},
		{"the client is lost behind a violation", func(r *rig) {
			r.client.send("\x81\x05Hello and what follows")
			r.client.Close()
			r.server.want("\x81\x05Hello and what follows")
			r.server.wantEnd()
		}},
		{"the server closes", func(r *rig) {
			closing := frame(fromServer, codec.OpClose, true, 0, "\x0f\xa1enough")
			answer := frame(fromClient, codec.OpClose, true, 0, "\x0f\xa1")
			r.server.send(closing)
			r.client.want(closing)
			r.client.send(answer)
			r.server.want(answer)
			r.server.Close()
			r.client.wantEnd()
		}},
		{"the client closes, and the server goes without an answer", func(r *rig) {
			closing := frame(fromClient, codec.OpClose, true, 0, "\x03\xe8")
			r.client.send(closing)
			r.server.want(closing)
			r.server.Close()
			r.client.wantClose(codec.StatusBadGateway, "")
		}},
		{"both have sent Close, and neither ends", func(r *rig) {
			r.client.send(frame(fromClient, codec.OpClose, true, 0, ""))
			r.server.send(frame(fromServer, codec.OpClose, true, 0, ""))
			r.server.want(frame(fromClient, codec.OpClose, true, 0, ""))
			r.client.want(frame(fromServer, codec.OpClose, true, 0, ""))
			r.client.wantEnd()
			r.server.wantEnd()
		}},
		{"the proxy is told to end", func(r *rig) {
			r.client.send(text(fromClient))
			r.server.want(text(fromClient))
			r.stop()
			r.client.wantClose(codec.StatusGoingAway, "proxy")
			r.server.wantClose(codec.StatusGoingAway, "proxy")
			r.client.Close()
			r.server.Close()
			if err := <-r.stopped; err != nil {
				r.client.Errorf("serve: %v", err)
			}
			r.stopped <- nil
		}},
		{"the proxy is told to end while an end takes nothing", func(r *rig) {
			r.server.SetReadBuffer(4 << 10)
			big := frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", 32<<20))
			r.client.SetWriteDeadline(time.Now().Add(time.Second))
			if _, err := r.client.Write([]byte(big)); err == nil {
				r.client.Errorf("the client could send 32 MiB that nobody took")
			}
			r.stop()
			r.client.wantClose(codec.StatusGoingAway, "proxy")
			r.stopped <- <-r.stopped
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.play(open(t, ""))
		})
	}
}

// TestEndInsideTheHandshake tells the proxy to end while a client has not asked, and
// while a server has not answered.
func TestEndInsideTheHandshake(t *testing.T) {
	tests := []struct {
		name string
		play func(t *testing.T) *rig
	}{
		{"no request", func(t *testing.T) *rig {
			r, addr := serveProxy(t, "ws://127.0.0.1:1")
			dial(t, addr).send(request)
			return r
		}},
		{"no answer", func(t *testing.T) *rig {
			r := connect(t)
			r.server.head()
			return r
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.play(t)
			r.stop()
			select {
			case err := <-r.stopped:
				r.stopped <- err
				if err != nil {
					t.Errorf("serve: %v", err)
				}
			case <-time.After(handshakeTimeout / 2):
				t.Error("the proxy waits for the handshake to time out")
			}
		})
	}
}

// TestBackpressure has a server take nothing: the client cannot send more than the
// system's buffers hold. Then it takes all.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	const total = 32 << 20
	r := open(t, "")
	r.client.SetWriteBuffer(smallBuffer) // that of the proxy to the server is the system's
	r.server.SetReadBuffer(smallBuffer)
	payload := make([]byte, total)
	random := rand.NewChaCha8([32]byte{})
	random.Read(payload)
	sent := []byte(frame(fromClient, codec.OpBinary, true, 0, string(payload)))

	var n int
	for { // until nothing has moved for a while
		r.client.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		wrote, err := r.client.Write(sent[n:])
		n += wrote
		if err == nil {
			t.Fatalf("the client could send all of %d bytes, which nobody took", total)
		}
		if wrote == 0 && n > 0 {
			break
		}
	}
	t.Logf("%d bytes left the client", n)
	if n > total/2 {
		t.Errorf("%d bytes left the client, and nobody took them; want less than %d", n, total/2)
	}
	done := make(chan error, 1)
	go func() {
		r.client.SetWriteDeadline(time.Now().Add(patience))
		_, err := r.client.Write(sent[n:])
		done <- err
	}()
	hash := sha256.New()
	if _, err := io.CopyN(hash, r.server, int64(len(sent))); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(sent); !bytes.Equal(hash.Sum(nil), want[:]) {
		t.Error("the server got other bytes than the client has sent")
	}
}

// TestRefusals is about requests that are not, or cannot be, passed on.
func TestRefusals(t *testing.T) {
	answered := func(answer string) func(t *testing.T) string {
		return func(t *testing.T) string {
			ln := listen(t)
			go func() {
				nc, err := ln.Accept()
				if err != nil {
					return
				}
				defer nc.Close()
				nc.Read(make([]byte, 4096))
				io.WriteString(nc, answer)
			}()
			return ln.Addr().String()
		}
	}
	nobody := func(t *testing.T) string {
		ln := listen(t)
		ln.Close()
		return ln.Addr().String()
	}
	tests := []struct {
		name    string
		server  func(t *testing.T) string // its address
		request string
		want    []string // parts of the answer
	}{
		{"plain HTTP", nobody, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", []string{"HTTP/1.1 502 ", "connection refused"}},
		{"no HTTP", nobody, "hello\r\n\r\n", []string{"HTTP/1.1 400 "}},
		{"no server", nobody, request + "\r\n", []string{"HTTP/1.1 502 Bad Gateway", "cannot connect to the server", "connection refused"}},
		{"the server goes", answered(""), request + "\r\n", []string{"HTTP/1.1 502 Bad Gateway", "gives no answer"}},
		{"the server speaks something else", answered("SSH-2.0-OpenSSH_9.2\r\n"), request + "\r\n", []string{"HTTP/1.1 502 Bad Gateway", "malformed status line"}},
		{"the server refuses", answered("HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 3\r\n\r\nno!"), request + "\r\n", []string{"HTTP/1.1 403 Forbidden\r\n", "X-Why: origin\r\n", "\r\n\r\nno!"}},
		{"the server refuses in chunks", answered("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n"), request + "\r\n", []string{"HTTP/1.1 404 Not Found\r\n", "4\r\nnope\r\n0\r\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, addr := serveProxy(t, "ws://"+tt.server(t))
			client := dial(t, addr)
			client.send(tt.request)
			got, err := io.ReadAll(client.TCPConn)
			if err != nil {
				t.Fatalf("the client got %q, %v", got, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(string(got), part) {
					t.Errorf("the client got %q, want %q in it", got, part)
				}
			}
		})
	}
}

// TestPassingAllocatesNothing holds the path of every frame to no allocation.
func TestPassingAllocatesNothing(t *testing.T) {
	p := &pump{conn: &connection{}, from: fromClient, dst: nowhere{}}
	b := []byte(frame(fromClient, codec.OpText, true, 0, "Hello") + frame(fromClient, codec.OpPing, true, 0, "x") + frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", 20000)))
	if n := testing.AllocsPerRun(100, func() { p.pass(b) }); n != 0 {
		t.Errorf("pass of three frames: %v allocations, want 0", n)
	}
	if p.frames != 3*101 { // AllocsPerRun runs once more, to warm up
		t.Errorf("%d frames counted, want %d", p.frames, 3*101)
	}
}

// nowhere takes everything.
type nowhere struct{ net.Conn }

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
