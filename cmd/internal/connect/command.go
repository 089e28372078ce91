package connect

import (
	"context"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// Command is `zerowire connect`.
type Command struct {
	URL string `arg:"" help:"Where to connect to: ws:// or wss://, ws+unix:///path/to/socket:/path for a unix socket."`

	Subprotocol []string `short:"s" sep:"none" placeholder:"NAME" help:"Sub-protocol to offer; may be repeated, the preferred one first."`
	reach.Flags

	Binary bool `short:"b" help:"Send binary messages: all of standard input as one, and at the prompt bytes in hex or with \\x escapes."`
	JSON   bool `short:"j" name:"json" help:"Lay out messages that are JSON."`

	Compress bool `help:"Offer permessage-deflate (RFC 7692)."`
	HTTP2    bool `name:"http2" help:"Connect in a stream of HTTP/2 (RFC 8441), and not over HTTP/1.1: with ws:// without TLS and without asking first."`
	Trace    bool `help:"Show the opening handshake, and every frame."`

	Ping       time.Duration `placeholder:"TIME" help:"Send a Ping that often, and print the round-trip times."`
	Wait       time.Duration `default:"1s" placeholder:"TIME" help:"How long nothing may come after the end of standard input before the connection is closed (${default}); negative waits for the server to close."`
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
  zerowire connect --json --wait=-1s wss://example.com/feed </dev/null
  zerowire connect --trace --subprotocol chat ws://localhost:8000/ws
  zerowire connect --binary ws://localhost:8000/echo <in.png >out.png

Exit code: 0 closed with 1000, 1001 or without a code, or by us; 1 any other end,
and whatever kept all from being sent; 2 wrong usage; 130 interrupted, other
than by Ctrl-C at the prompt, which is one way to leave it.`
}

// Run connects, and stays until either side closes the connection.
func (c *Command) Run(ctx context.Context) error {
	out := newOutput()
	s := newSession(c.view(out), out)
	opts, err := c.dialOptions(s)
	if err != nil {
		return reach.UsageError{Err: err}
	}
	if s.conn, err = c.dial(ctx, opts); err != nil {
		return c.Explain(ctx, c.URL, err)
	}
	defer s.conn.CloseNow()
	if c.Ping > 0 {
		go s.pings(ctx, c.Ping)
	}
	if atPrompt() {
		err = s.converse(ctx, c)
	} else {
		err = s.pass(ctx, os.Stdin, c.Binary, c.Wait)
	}
	if err == nil {
		err = out.err()
	}
	return err
}

// atPrompt reports whether somebody sits at a terminal that a line can be edited on.
func atPrompt() bool {
	return isTerminal(os.Stdin) && isTerminal(os.Stdout) && os.Getenv("TERM") != "dumb"
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
