package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
)

// Command is `zerowire bench`.
type Command struct {
	URL string `arg:"" help:"Echo server to measure: ws://, wss:// or ws+unix://."`

	Connections int           `short:"c" default:"64" placeholder:"N" help:"Connections (${default})."`
	Duration    time.Duration `short:"d" placeholder:"TIME" help:"How long to send: 30s, 5m (10s, or until --messages)."`
	Messages    int64         `short:"n" placeholder:"N" help:"How many messages to send, on all connections together."`
	Size        sizes         `short:"s" default:"125" placeholder:"BYTES" help:"Payload of a message: a size, or a range such as 16-4096 to draw from (${default})."`
	Pipeline    int           `short:"p" placeholder:"N" help:"Messages in flight on each connection, at most: more are sent when half of them are back (1; with --rate 128)."`
	Rate        float64       `short:"r" placeholder:"N" help:"Messages to send per second, on all connections together, whether the server keeps up or not. Latency counts from when a message was due."`
	Text        bool          `xor:"type" help:"Send text, which the server has to check (default)."`
	Binary      bool          `xor:"type" help:"Send random bytes."`
	Timeout     time.Duration `default:"5s" placeholder:"TIME" help:"How long an echo may take before it counts as lost (${default})."`
	Threads     int           `placeholder:"N" help:"Threads that drive the connections (one for four cores)."`
	Compress    bool          `help:"Offer permessage-deflate, and compress every message if the server agrees."`
	Takeover    bool          `help:"Let compressed messages refer to those before them."`

	Send    []string      `sep:"none" placeholder:"TEMPLATE" help:"Send this in place of random messages: a template (see below), or the lines of a file with @FILE; may be repeated, and is then sent in turn."`
	Shuffle bool          `help:"Send them at random, and not in turn."`
	Expect  string        `default:"echo" placeholder:"WHAT" help:"What answers each message: echo, none, a number of messages, or a message that matches /REGEXP/, while others are ignored (${default})."`
	Receive bool          `help:"Send nothing, and count what comes."`
	Think   time.Duration `placeholder:"TIME" help:"Pause of a connection between an answer and its next message."`
	Ramp    time.Duration `placeholder:"TIME" help:"Open the connections, and raise the rate, over this time."`
	Steps   int           `placeholder:"N" help:"Raise them in so many steps, and not evenly."`
	Limit   []limit       `placeholder:"pN=TIME" help:"Fail if this percentile of the latency is above TIME, such as p99=50ms; may be repeated."`

	Subprotocol []string `placeholder:"NAME" help:"Sub-protocol to offer; may be repeated."`
	reach.Flags

	JSON string `name:"json" placeholder:"FILE" help:"Write the result as JSON; - is standard output, and the table then goes to standard error."`
	HTML string `name:"html" placeholder:"FILE" help:"Write the result as a page with charts."`
}

// Help is shown by --help below the flags.
func (c *Command) Help() string {
	return `Every echo is checked: content, type and order.

A template of --send has {{.N}}, the number of the message, {{.Connection}}, that of its connection, {{timestamp}}, the
Unix time in ms, and {{random 8}}, so many random letters and digits, in the language of Go's text/template.

Examples:

  zerowire bench ws://127.0.0.1:8000/echo
  zerowire bench -c 1000 -d 1m --rate 50000 --html report.html ws://127.0.0.1:8000/echo
  zerowire bench --send '{"id": {{.N}}, "at": {{timestamp}}}' --expect '/"ok"/' --limit p99=50ms ws://127.0.0.1:8000/api
  zerowire bench --send @messages.txt --shuffle --expect none --rate 1000 --ramp 1m --steps 6 ws://127.0.0.1:8000/push
  zerowire bench --size 16-4096 --pipeline 16 --binary -n 1000000 ws://127.0.0.1:8000/echo

Exit code: 0 fine, 1 an echo was wrong or lost, a connection failed or a --limit was exceeded, 2 wrong usage, 130 interrupted: what was measured
until then is printed.`
}

// The limits of what the flags may ask for.
const (
	maxConnections = 1_000_000
	maxPipeline    = 4096
	maxThreads     = 256
	maxMemory      = 1 << 30 // bytes that the messages take
)

// Validate refuses flags that make no sense. kong calls it.
func (c *Command) Validate() error {
	switch {
	case c.Connections < 1 || c.Connections > maxConnections:
		return fmt.Errorf("--connections %d: it takes 1 to %d", c.Connections, maxConnections)
	case c.Duration < 0:
		return fmt.Errorf("--duration %s: it takes a time above zero, such as 10s", c.Duration)
	case c.Messages < 0:
		return fmt.Errorf("--messages %d: it takes a number above zero", c.Messages)
	case c.Pipeline < 0 || c.Pipeline > maxPipeline:
		return fmt.Errorf("--pipeline %d: it takes 1 to %d", c.Pipeline, maxPipeline)
	case c.Rate < 0 || c.Rate > 1e9:
		return fmt.Errorf("--rate %g: it takes a number of messages per second, at most 1e9", c.Rate)
	case c.Timeout <= 0:
		return fmt.Errorf("--timeout %s: it takes a time above zero, such as 5s", c.Timeout)
	case c.Threads < 0 || c.Threads > maxThreads:
		return fmt.Errorf("--threads %d: it takes 1 to %d", c.Threads, maxThreads)
	}
	if memory := 8 * max(c.Pipeline, 1) * c.Size.max; memory > maxMemory {
		return fmt.Errorf("--pipeline %d of --size %s would take %d MiB of memory: the limit is %d", c.Pipeline, c.Size, memory>>20, maxMemory>>20)
	}
	if c.Takeover && !c.Compress {
		return errors.New("--takeover says how to compress: give --compress, too")
	}
	if _, err := c.newExchange(); err != nil {
		return err
	}
	_, err := c.Server(c.URL)
	return err
}

// Run puts load on the server and reports.
func (c *Command) Run(ctx context.Context) error {
	p, err := c.plan()
	if err != nil {
		return err
	}
	show, end := newProgress(p)
	r, err := p.carryOut(ctx, show)
	end()
	if err != nil {
		return c.Explain(ctx, c.URL, err)
	}
	result := newResult(r)
	if err := c.write(result); err != nil {
		return err
	}
	return result.verdict()
}

// plan returns what the flags ask for.
func (c *Command) plan() (*plan, error) {
	dial, err := c.Options()
	if err != nil {
		return nil, err
	}
	p := &plan{Command: *c, dial: dial}
	if p.Duration == 0 && p.Messages == 0 {
		p.Duration = 10 * time.Second
	}
	if p.Threads == 0 {
		p.Threads = max(1, runtime.GOMAXPROCS(0)/4)
	}
	switch {
	case p.Pipeline == 0 && p.Rate > 0:
		p.Pipeline = 128
	case p.Pipeline == 0:
		p.Pipeline = 1
	}
	if p.exchange, err = c.newExchange(); err != nil {
		return nil, err
	}
	opcode := codec.OpText
	if c.Binary {
		opcode = codec.OpBinary
	}
	p.script = newScript(opcode, c.Size, p.Pipeline)
	p.dial.Options = websocket.Options{
		Subprotocols: c.Subprotocol,
		MaxMessage:   int64(c.Size.max) + 64<<10,
		MaxPending:   2 * p.Pipeline * (c.Size.max + codec.MaxHeaderSize),
		CloseTimeout: partTime,
	}
	if p.exchange.own {
		p.dial.MaxMessage = maxSize
	}
	if c.Compress {
		p.dial.Compression = &websocket.Compression{Takeover: c.Takeover, Threshold: -1}
	}
	p.direct = canTakeOver && !c.Compress && !p.exchange.own
	return p, nil
}

// write writes the table, and the files that the flags ask for.
func (c *Command) write(r *Result) error {
	out := os.Stdout
	if c.JSON == "-" {
		out = os.Stderr
	}
	return errors.Join(r.writeTable(out), reach.WriteFile("--json", c.JSON, reach.JSON(r)), reach.WriteFile("--html", c.HTML, r.writeHTML))
}
