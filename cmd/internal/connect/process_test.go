//go:build unix

package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long a test waits for what has to happen.
const patience = testkit.Patience

// asCommand is set in the environment of a process that is the command and no test.
const asCommand = "ZEROWIRE_TEST_CONNECT"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(command())
	}
	os.Exit(m.Run())
}

// command is the command line `zerowire connect`, without the others.
func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := new(Command)
	_, err := kong.Must(c, kong.WithHyphenPrefixedParameters(true)).Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "zerowire: %v\n", err)
		return 2
	}
	err = c.Run(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "zerowire: %v\n", err)
	if e, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		return e.ExitCode()
	}
	return 1
}

// peer is a server that gives the test what it is sent. It answers nothing: the
// test does.
type peer struct {
	url      string
	conns    chan *websocket.Conn
	received chan string
	closed   chan error
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{conns: make(chan *websocket.Conn, 1), received: make(chan string, 100), closed: make(chan error, 1)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &websocket.Server{Handler: p}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	p.url = "ws://" + ln.Addr().String() + "/"
	return p
}

func (p *peer) Open(c *websocket.Conn) { p.conns <- c }

func (p *peer) Message(_ *websocket.Conn, op websocket.Opcode, b []byte) {
	if op == websocket.OpBinary {
		p.received <- fmt.Sprintf("% x", b)
		return
	}
	p.received <- string(b)
}

func (p *peer) Close(_ *websocket.Conn, err error) { p.closed <- err }

// conn returns the connection that the command has made.
func (p *peer) conn(t *testing.T) *websocket.Conn {
	t.Helper()
	return await(t, "a connection", p.conns)
}

// wantMessage fails the test unless the next message is want.
func (p *peer) wantMessage(t *testing.T, want string) {
	t.Helper()
	if got := await(t, fmt.Sprintf("the message %q", want), p.received); got != want {
		t.Fatalf("the server received %q, want %q", got, want)
	}
}

// wantClose fails the test unless the client closes with this code and reason.
func (p *peer) wantClose(t *testing.T, code websocket.StatusCode, reason string) {
	t.Helper()
	err := await(t, "the end of the connection", p.closed)
	if e, ok := errors.AsType[*websocket.CloseError](err); !ok || e.Code != code || e.Reason != reason {
		t.Errorf("the connection ended with %v, want %d %q", err, code, reason)
	}
}

// await receives from c.
func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}
