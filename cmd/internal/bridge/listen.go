package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// Command is `zerowire listen`.
type Command struct {
	Program []string `arg:"" optional:"" passthrough:"partial" help:"Program to start for each connection, with its arguments."`

	Listen      string   `short:"l" default:"127.0.0.1:8000" placeholder:"ADDR" help:"Address to listen on: ${listen} (${default})."`
	To          string   `placeholder:"ADDR" help:"Connect each connection with HOST:PORT, or unix:PATH, in place of a program."`
	Binary      bool     `short:"b" help:"Pass on bytes in binary messages, and not lines in text messages; always with --to."`
	Subprotocol []string `short:"s" sep:"none" placeholder:"NAME" help:"Sub-protocol to agree to; may be repeated."`
	Origin      []string `sep:"none" placeholder:"ORIGIN" help:"Let pages of this origin connect, beyond those of the server's own host; * for every one. May be repeated."`
	MaxMessage  int64    `default:"67108864" placeholder:"BYTES" help:"Largest message to receive (${default})."`
	reach.Certificate
	reach.Quiet
}

// Help is shown by --help below the flags.
func (*Command) Help() string {
	return `Each message is a line of the program's standard input, and each line of its standard
output is a message. With --to, and with --binary, messages carry the bytes as they are.
When the program ends, its connection is closed with 1000; when the connection ends, the
program's input does.

Examples:

  zerowire listen -- bc -l
  zerowire listen --listen :8443 --tls-cert cert.pem --tls-key key.pem -- ./chatbot --verbose
  zerowire listen --to 127.0.0.1:5900 --subprotocol binary`
}

// Validate refuses what cannot work.
func (l *Command) Validate() error {
	if (len(l.Program) == 0) == (l.To == "") {
		return errors.New("want a program, such as: zerowire listen -- bc -l, or --to ADDR")
	}
	if _, _, err := net.SplitHostPort(l.To); l.To != "" && !strings.HasPrefix(l.To, "unix:") && err != nil {
		return fmt.Errorf("--to %q: want HOST:PORT or unix:PATH", l.To)
	}
	return reach.CheckListen(l.Listen)
}

// Run serves until ctx is cancelled.
func (l *Command) Run(ctx context.Context) error {
	ln, err := l.Certificate.Listen(l.Listen)
	if err != nil {
		return err
	}
	opts := &websocket.Options{Subprotocols: l.Subprotocol, Origins: l.Origin, MaxMessage: l.MaxMessage}
	var number atomic.Int32
	var bridges sync.WaitGroup
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, opts)
		if err != nil {
			return // Upgrade has answered
		}
		bridges.Go(func() { l.serve(ctx, c, int(number.Add(1))) })
	})}
	fmt.Printf("Listening on %s\n", ln.Addr())
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	err = srv.Serve(ln)
	bridges.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serve connects one connection with its program or socket.
func (l *Command) serve(ctx context.Context, c *websocket.Conn, number int) {
	l.Log(number, "%s connected", c.RemoteAddr())
	stream, err := l.open(ctx)
	if err != nil {
		fmt.Fprintf(os.Stderr, "zerowire: #%d: %v\n", number, err)
		c.Close(websocket.StatusTryAgainLater, "the other end of the bridge cannot be reached")
		return
	}
	if err := Join(ctx, c, stream, len(l.Program) > 0 && !l.Binary); err != nil {
		l.Log(number, "ended: %v", reach.Plain(err))
		return
	}
	l.Log(number, "ended")
}

// open starts the program or connects to the socket.
func (l *Command) open(ctx context.Context) (*Stream, error) {
	if len(l.Program) > 0 {
		return Start(l.Program)
	}
	network, addr := "tcp", l.To
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	return &Stream{In: nc, Out: nc, End: func() error { return nil }}, nil
}
