// Command zerowire is the command line of github.com/zerowire/websocket: each
// sub-command is one way to use, or to look into, WebSocket connections.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands holds the sub-commands; kong reads their names, flags and help from
// the tags, and calls Run of the one that was named.
type commands struct {
	Serve serveCommand `cmd:"" help:"Serve echo, chat and moving dots, and a page to try them in a browser."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	command := kong.Parse(new(commands),
		kong.Name("zerowire"),
		kong.Description("WebSocket (RFC 6455) from the command line."),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	command.FatalIfErrorf(command.Run())
}
