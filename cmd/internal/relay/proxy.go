// Package relay is `zerowire proxy` and `zerowire replay`: it passes WebSocket
// connections on, frame by frame and as they are, shows and records what passes,
// and sends a recording again.
package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// ProxyCommand is `zerowire proxy`.
type ProxyCommand struct {
	Listen string `default:"127.0.0.1:9000" placeholder:"ADDR" help:"Address to listen on: ${listen} (${default})."`
	To     string `required:"" placeholder:"URL" help:"Server to pass connections on to: ws:// or wss://. With a path, all of them go there; without one, each goes where its client wants."`
	Trace  bool   `help:"Print what passes: the opening handshakes, and a line for each frame."`
	Width  int    `default:"60" placeholder:"N" help:"Characters of payload to print (${default})."`
	Record string `placeholder:"FILE" help:"Write what passes to a file, for zerowire replay and inspect; a name that ends in .har makes it an HTTP archive, when the proxy ends."`
	Filter string `placeholder:"COMMAND" help:"Program that decides about each message: it reads and writes lines of JSON."`
	reach.Certificate
	reach.Quiet
	reach.Flags
}

// Help shows what the command is used for.
func (*ProxyCommand) Help() string {
	return `Every frame is passed on as it came: pings, fragments, close codes, masking keys and compressed payloads are the ends' own. So is the opening handshake, except for Host, which names the server. What breaks a rule is passed on, too, and --trace shows it. When an end is lost without a Close frame, the other one gets one: 1001 if the client was lost, 1014 if the server was. On SIGINT or SIGTERM every connection is closed with 1001.

A recording is a file of JSON objects, one per line: first {"recording": 1, "began": TIME, "to": URL}, then what was sent, with "connection" (a number), "at" (seconds since the beginning), "from" ("client" or "server") and one of: "head" of the opening handshake; a frame, with "opcode", "fin", "rsv", "key" (hex, if masked), "length" and "payload" (base64, unmasked, not inflated; with "more": true if the next entry has more of it); "raw" (base64), what follows a broken rule; "end".

What is no opening handshake is passed on to the same origin as plain HTTP, so that the proxy can stand in front of a whole application. Secrets of TLS go to the file that SSLKEYLOGFILE names.

With --filter, a program decides about messages. It reads {"id": N, "connection": N, "from": "client" or "server", "text": … or "base64": …} for each, and writes {"id": N} to pass it on, with "drop": true to leave it out, "delay": SECONDS to delay it, "text" or "base64" to change it. {"connection": N, "to": "client" or "server", "text": …} sends another message. It also reads {"connection": N, "event": "open", "path": …} and "close". Compression is not offered then, and fragments come as one message. When the program ends, the proxy does.

Examples:

  zerowire proxy --to ws://127.0.0.1:8000 --trace
  zerowire proxy --to ws://127.0.0.1:8000 --filter ./filter.py
  zerowire proxy --listen :9443 --tls-cert cert.pem --tls-key key.pem --to wss://example.com/live --record live.jsonl`
}

// Validate refuses what cannot work.
func (p *ProxyCommand) Validate() error {
	if err := reach.CheckListen(p.Listen); err != nil {
		return err
	}
	if p.To == "" {
		return nil // parsing reports it better than here
	}
	if _, err := newUpstream(p.To, &p.Flags); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	return nil
}

// Run passes connections on until ctx is cancelled.
func (p *ProxyCommand) Run(ctx context.Context) (err error) {
	px := &proxy{Quiet: p.Quiet}
	if px.to, err = newUpstream(p.To, &p.Flags); err != nil {
		return err
	}
	if p.Trace {
		px.printer = &trace.Printer{W: os.Stdout, Width: p.Width, Color: trace.Colors(os.Stdout)}
	}
	ln, err := p.Certificate.Listen(p.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	if p.Record != "" {
		if px.recorder, err = recording.Create(p.Record, px.to.String()); err != nil {
			return err
		}
	}
	filtered, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if p.Filter != "" {
		if px.filter, err = startFilter(p.Filter, cancel); err != nil {
			return fmt.Errorf("--filter: %w", err)
		}
		defer px.filter.stop()
		px.to.sifted = true
	}
	fmt.Printf("Listening on %s\n", ln.Addr())
	err = px.serve(filtered, ln)
	if cause := context.Cause(filtered); cause != context.Cause(ctx) {
		err = cause // the filter's end
	}
	if px.recorder != nil {
		err = cmp.Or(err, px.recorder.Close())
	}
	return err
}

// proxy passes connections on.
type proxy struct {
	reach.Quiet
	to       *upstream
	printer  *trace.Printer      // nil unless frames are shown
	recorder *recording.Recorder // nil without a recording
	filter   *filter             // nil without one
}

// acceptPause is how long to wait after a connection could not be accepted: most
// often because there are too many.
const acceptPause = 50 * time.Millisecond

// serve passes on the connections of ln until ctx is cancelled.
func (p *proxy) serve(ctx context.Context, ln net.Listener) error {
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	for number := 1; ; {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			fmt.Fprintf(os.Stderr, "zerowire: %v\n", err)
			time.Sleep(acceptPause)
			continue
		}
		c := p.connection(number, reach.NewConn(nc, nil))
		all.Go(func() { c.serve(ctx) })
		number++
	}
}

// connection returns the connection with a number, which nc is the client's end of.
func (p *proxy) connection(number int, nc *reach.Conn) *connection {
	c := &connection{proxy: p, number: number, client: nc}
	if p.printer != nil {
		c.session = trace.NewSession(true, 0, func(e trace.Event) { p.printer.PrintOf(number, e) })
	}
	for i := range c.pumps {
		pump := &c.pumps[i]
		pump.conn, pump.from = c, codec.Role(i)
		if p.recorder != nil {
			pump.track = p.recorder.Track(number, pump.from)
		}
	}
	return c
}
