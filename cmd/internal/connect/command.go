package connect

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/bridge"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// Command is `zerowire connect`.
type Command struct {
	URL     string   `arg:"" help:"Where to connect to: ws:// or wss://, ws+unix:///path/to/socket:/path for a unix socket."`
	Program []string `arg:"" optional:"" passthrough:"partial" help:"Program to connect with in place of the terminal: each message is a line of its input, each line of its output a message; with --binary the bytes are passed on as they are."`

	Subprotocol []string `short:"s" sep:"none" placeholder:"NAME" help:"Sub-protocol to offer; may be repeated, the preferred one first."`
	reach.Flags

	Binary  bool     `short:"b" help:"Send binary messages: all of standard input as one, and at the prompt bytes in hex or with \\x escapes."`
	Escapes bool     `help:"Replace \\n, \\r, \\t, \\0, \\\\, \\xHH and \\u{H…} in each line that is sent."`
	JSON    bool     `short:"j" name:"json" help:"Lay out messages that are JSON."`
	Send    []string `short:"x" sep:"none" placeholder:"TEXT" help:"Send TEXT first, and stay connected until the server closes unless --wait is given; may be repeated."`

	Compress  bool `help:"Offer permessage-deflate (RFC 7692)."`
	HTTP2     bool `name:"http2" help:"Connect in a stream of HTTP/2 (RFC 8441), and not over HTTP/1.1: with ws:// without TLS and without asking first."`
	Reconnect bool `help:"Connect again whenever the connection ends, after a delay that grows; lines are queued meanwhile. A refusal that another attempt cannot change ends it."`
	Trace     bool `help:"Show the opening handshake, and every frame."`

	Ping       time.Duration `placeholder:"TIME" help:"Send a Ping that often, and print the round-trip times."`
	Wait       *seconds      `placeholder:"TIME" help:"How long to wait for messages after the end of standard input, such as 5, 5s or 500ms; -1 waits until the server closes. Each message begins the time anew (10s for the first one, then 1s)."`
	MaxMessage int64         `default:"67108864" placeholder:"BYTES" help:"Largest message to receive; a larger one closes the connection with 1009, -1 allows any (${default})."`
	NoHistory  bool          `help:"Neither read nor keep the history of typed lines."`
}

// Help is what `zerowire connect --help` says below the summary.
func (c *Command) Help() string {
	return `At a terminal, each line typed is a message, and what comes is shown above the
prompt. The arrow keys edit the line and bring back earlier ones: those that begin
with what is typed. Lines that begin with a space are not kept. Commands:

` + commandHelp + `

Otherwise each line of standard input is a message, and each message received is
printed to standard output; all else goes to standard error. Binary messages
are shown as a hex dump; with --binary, and if standard output is no terminal,
their bytes are written as they are.

Examples:
  zerowire connect ws://localhost:8000/echo
  echo hi | zerowire connect wss://example.com/echo
  zerowire connect --json --wait -1 wss://example.com/feed </dev/null
  zerowire connect -x '{"subscribe": "news"}' wss://example.com/feed
  zerowire connect --trace --subprotocol chat ws://localhost:8000/ws
  zerowire connect wss://example.com/bot -- ./answer --politely
  zerowire connect --binary ws://localhost:8000/echo <in.png >out.png

Exit code: 0 closed with 1000, 1001 or without a code, or by us; 1 any other end,
and whatever kept all from being sent; 2 wrong usage; 130 interrupted, other
than by Ctrl-C at the prompt, which is one way to leave it.`
}

// Validate refuses what cannot work. kong calls it.
func (c *Command) Validate() error {
	switch {
	case c.URL == "":
		return nil // parsing reports it better
	case !c.Reconnect:
	case len(c.Program) > 0:
		return errors.New("--reconnect does not go with a program, which would miss what was sent to its predecessor")
	case c.Binary && !atPrompt() && !isTerminal(os.Stdin):
		return errors.New("--reconnect does not go with --binary and a pipe, which is one message: it could not be sent again")
	}
	_, err := c.Server(c.URL)
	return err
}

// Run connects, and stays until either side closes the connection.
func (c *Command) Run(ctx context.Context) (err error) {
	out := newOutput()
	s := newSession(c.view(out), out)
	if c.Reconnect {
		c.keepConnected(ctx, s)
		defer s.giveUp()
	} else {
		conn, err := c.dial(ctx, s)
		if err != nil {
			return c.Explain(ctx, c.URL, err)
		}
		defer conn.CloseNow()
		s.current.Store(conn)
		if err := s.sendFirst(ctx, c, conn); err != nil {
			return err
		}
	}
	if c.Ping > 0 {
		go s.pings(ctx, c.Ping)
	}
	if len(c.Program) > 0 {
		return c.bridge(ctx, s.current.Load())
	}
	if atPrompt() {
		err = s.converse(ctx, c)
	} else {
		err = s.pass(ctx, os.Stdin, c)
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		err = c.Explain(ctx, c.URL, refused) // of --reconnect
	}
	if err == nil {
		err = out.err()
	}
	return err
}

// bridge connects c with the program.
func (c *Command) bridge(ctx context.Context, conn *websocket.Conn) error {
	stream, err := bridge.Start(c.Program)
	if err != nil {
		return err
	}
	if err := bridge.Join(ctx, conn, stream, !c.Binary); err != nil {
		return reach.Plain(err)
	}
	return nil
}

// atPrompt reports whether somebody sits at a terminal that a line can be edited on.
func atPrompt() bool {
	return isTerminal(os.Stdin) && isTerminal(os.Stdout) && os.Getenv("TERM") != "dumb"
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
