package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// nextFrame reads the next frame from nc.
func nextFrame(t *testing.T, nc net.Conn) wstest.Frame {
	t.Helper()
	nc.SetReadDeadline(time.Now().Add(patience))
	f, _, err := wstest.ReadFrame(nc)
	if err != nil {
		t.Fatalf("reading a frame: %v", err)
	}
	return f
}

func TestPromise29ShutdownSends1001(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			// No limit but that of the test ends anything.
			srv := &websocket.Server{Handler: h, Options: websocket.Options{CloseTimeout: time.Hour, HandshakeTimeout: time.Hour}}
			addr := serve(t, srv)
			var peers []net.Conn
			for range 5 {
				nc := upgraded(t, addr)
				wantEchoOn(t, nc, "open")
				peers = append(peers, nc)
			}
			half, err := net.Dial("tcp", addr) // in its opening handshake
			if err != nil {
				t.Fatal(err)
			}
			defer half.Close()
			io.WriteString(half, "GET / HTTP/1.1\r\n")
			ctx, cancel := context.WithTimeout(background, patience)
			defer cancel()
			down := make(chan error, 1)
			go func() { down <- srv.Shutdown(ctx) }()
			for i, nc := range peers {
				if got := nextFrame(t, nc); got.String() != wstest.Close(1001, "").String() {
					t.Errorf("peer %d gets %v, want a Close frame with 1001", i, got)
				}
			}
			select {
			case err := <-down:
				t.Fatalf("Shutdown() = %v, before the peers have answered", err)
			case <-time.After(50 * time.Millisecond):
			}
			for _, nc := range peers {
				nc.Write(wstest.Close(1001, "").AppendMasked(nil, wstest.RFCKey))
				if n, err := nc.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("after the closing handshake: Read() = %d, %v; want EOF", n, err)
				}
				nc.Close()
			}
			if err := <-down; err != nil {
				t.Errorf("Shutdown() = %v, want nil", err)
			}
			half.SetReadDeadline(time.Now().Add(patience))
			if _, err := half.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("an opening handshake was not broken off: %v", err)
			}
			if nc, err := net.Dial("tcp", addr); err == nil {
				nc.Close()
				t.Error("the server still listens")
			}
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("a second Shutdown() = %v, want nil", err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if err := srv.Serve(ln); err != websocket.ErrServerClosed {
				t.Errorf("Serve() after Shutdown = %v, want ErrServerClosed", err)
			}
		})
	}
}

func TestPromise29ShutdownEndsWithItsContext(t *testing.T) {
	t.Parallel()
	release, serves := make(chan struct{}), make(chan struct{}, 1)
	for name, h := range map[string]websocket.Handler{
		"a peer that does not answer": opener(func(*websocket.Conn) { serves <- struct{}{} }),
		"a handler that does not read": websocket.Blocking(func(*websocket.Conn) {
			serves <- struct{}{}
			<-release
		}),
	} {
		t.Run(name, func(t *testing.T) {
			srv := &websocket.Server{Handler: h, Options: websocket.Options{CloseTimeout: time.Hour}}
			nc := upgraded(t, serve(t, srv))
			<-serves // a connection in its opening handshake gets no Close frame
			ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
			defer cancel()
			down := make(chan error, 1)
			go func() { down <- srv.Shutdown(ctx) }()
			select {
			case err := <-down:
				if err != context.DeadlineExceeded {
					t.Errorf("Shutdown() = %v, want DeadlineExceeded", err)
				}
			case <-time.After(patience):
				t.Fatal("Shutdown() has not ended with its context")
			}
			if got := nextFrame(t, nc); got.String() != wstest.Close(1001, "").String() {
				t.Errorf("the peer gets %v, want a Close frame with 1001", got)
			}
			if n, err := nc.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Errorf("Read() = %d, %v; want the end of the connection", n, err)
			}
		})
	}
	close(release)
}

// TestPromise29ShutdownLosesNoReply has a handler that works on a message meanwhile.
func TestPromise29ShutdownLosesNoReply(t *testing.T) {
	working, finish := make(chan struct{}), make(chan struct{})
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		if string(p) != "work" {
			return
		}
		if err := c.Write(background, op, []byte("accepted")); err != nil {
			t.Errorf("Write() = %v", err)
		}
		close(working)
		<-finish
	})}
	nc := upgraded(t, serve(t, srv))
	if _, err := nc.Write(append(wstest.Text("work").AppendMasked(nil, wstest.RFCKey), wstest.Text("more").AppendMasked(nil, wstest.RFCKey)...)); err != nil {
		t.Fatal(err)
	}
	<-working
	down := make(chan error, 1)
	go func() { down <- srv.Shutdown(background) }()
	if got := nextFrame(t, nc); string(got.Payload) != "accepted" {
		t.Errorf("the first frame is %v, want the reply", got)
	}
	if got := nextFrame(t, nc); got.String() != wstest.Close(1001, "").String() {
		t.Errorf("the second frame is %v, want a Close frame with 1001", got)
	}
	nc.Close()
	close(finish)
	if err := <-down; err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
}

func TestServerClose(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			srv := &websocket.Server{Handler: h}
			nc := upgraded(t, serve(t, srv))
			wantEchoOn(t, nc, "open")
			if err := srv.Close(); err != nil {
				t.Errorf("Close() = %v, want nil", err)
			}
			if n, err := nc.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Errorf("Read() = %d, %v; want the end of the connection", n, err)
			}
			if err := srv.Shutdown(background); err != nil {
				t.Errorf("Shutdown() after Close = %v, want nil", err)
			}
		})
	}
}

func TestServerServesSeveralListeners(t *testing.T) {
	srv := &websocket.Server{Handler: forms["events"]}
	for range 3 {
		wantEchoOn(t, upgraded(t, serve(t, srv)), "hello")
	}
}

// TestShutdownWithPages ends the HTTP beside the sockets, too.
func TestShutdownWithPages(t *testing.T) {
	srv := &websocket.Server{Handler: forms["events"], HTTP: http.NotFoundHandler()}
	addr := serve(t, srv)
	if resp, _, _ := send(t, addr, "GET / HTTP/1.1\nHost: example.com\nConnection: close\n\n"); resp.StatusCode != 404 {
		t.Errorf("a page gets %d, want 404", resp.StatusCode)
	}
	idle, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if err := srv.Shutdown(background); err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
	if err := srv.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
}

// failingListener fails to accept as often as errs says.
type failingListener struct {
	net.Listener
	errs []error
}

func (l *failingListener) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	return l.Listener.Accept()
}
