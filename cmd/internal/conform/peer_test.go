package conform

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// echo is a correct peer.
var echo = websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
})

// serve runs a server until the test ends, and returns its URL.
func serve(t *testing.T, h websocket.Handler) (url string) {
	t.Helper()
	return serveOn(t, listen(t), &websocket.Server{Handler: h, Options: websocket.Options{MaxMessage: 16 << 20}})
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serveOn(t *testing.T, ln net.Listener, srv *websocket.Server) (url string) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; err != websocket.ErrServerClosed {
			t.Errorf("Serve() = %v, want ErrServerClosed", err)
		}
	})
	return "ws://" + ln.Addr().String() + "/"
}

// serveTLS runs a correct peer behind a certificate of httptest's.
func serveTLS(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	t.Cleanup(s.Close)
	return "wss" + serveOn(t, newTLSListener(listen(t), s.TLS), &websocket.Server{Handler: echo})[len("ws"):]
}

// command is a Command with the defaults of its flags.
func command(url string) *Command {
	return &Command{URL: url, Parallel: 8, Messages: 10, Patience: time.Minute}
}

// mustTarget returns the target of a command whose flags are right.
func mustTarget(t *testing.T, c *Command) *target {
	t.Helper()
	to, err := c.target()
	if err != nil {
		t.Fatal(err)
	}
	return to
}
