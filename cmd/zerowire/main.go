// Command zerowire is the command line of github.com/zerowire/websocket: each
// sub-command is one way to use, or to look into, WebSocket connections.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/zerowire/websocket/cmd/internal/bridge"
	"github.com/zerowire/websocket/cmd/internal/conform"
	"github.com/zerowire/websocket/cmd/internal/connect"
	"github.com/zerowire/websocket/cmd/internal/inspect"
	"github.com/zerowire/websocket/cmd/internal/load"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/relay"
)

// commands holds the sub-commands; kong reads their names, flags and help from
// the tags, and calls Run of the one that was named.
type commands struct {
	Version kong.VersionFlag `help:"Print the version and end."`

	Serve      serveCommand        `cmd:"" help:"Serve echo, chat and moving dots, and a page to try them in a browser."`
	Connect    connect.Command     `cmd:"" help:"Talk to a server from the terminal, or from a pipe."`
	Listen     bridge.Command      `cmd:"" help:"Connect each WebSocket with a program of its own, or with a TCP or unix socket."`
	Bench      load.Command        `cmd:"" help:"Measure an echo server: throughput and latency, with every echo checked."`
	Inspect    inspect.Command     `cmd:"" help:"Decode captured bytes, frame by frame."`
	Proxy      relay.ProxyCommand  `cmd:"" help:"Pass connections on to a server, and show or record their frames."`
	Replay     relay.ReplayCommand `cmd:"" help:"Send a recorded client's messages again, and compare the answers."`
	Conform    conform.Command     `cmd:"" help:"Test how well a server keeps to RFC 6455."`
	Completion completionCommand   `cmd:"" help:"Print the script that completes this command in a shell."`
}

// The process's exit codes; description says what they mean.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

const description = `WebSocket (RFC 6455) from the command line.

Exit codes:
  0    fine
  1    the command failed, or found what it looks for: a violation, a failed case, a lost echo
  2    the command line was wrong
  130  Ctrl-C ended the command before it was finished`

func main() { os.Exit(run(os.Args[1:])) }

// run runs the command that args name, and returns the process's exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	parser := newParser(ctx)
	if len(args) > 0 && args[0] == completeRequest {
		complete(os.Stdout, parser, args[1:])
		return 0
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "zerowire: %v\nRun \"%s --help\" to see what there is.\n", err, usedCommand(err))
		return exitUsage
	}
	err = command.Run()
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "zerowire: %v\n", err)
	return exitCode(ctx, err)
}

// newParser returns the parser of the command line. ctx is what Run is called
// with.
func newParser(ctx context.Context) *kong.Kong {
	return kong.Must(new(commands),
		kong.Name("zerowire"),
		kong.Description(description),
		kong.WithHyphenPrefixedParameters(true), // for --wait -1
		kong.Vars{"version": version(), "listen": reach.ListenHelp},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
	)
}

// usedCommand returns the command whose arguments err, an error of Parse, is
// about.
func usedCommand(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context.Selected() != nil {
		return e.Context.Selected().FullPath()
	}
	return "zerowire"
}

// exitCode returns the exit code for a command that ended with err. ctx ends with
// the signal to end.
func exitCode(ctx context.Context, err error) int {
	if e, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		return e.ExitCode()
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	return exitFailed
}

// version returns what `zerowire --version` prints: the module's version, the
// commit if it was built from a repository, and with what and for what.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "zerowire (built without module information)"
	}
	return describeBuild(info)
}

func describeBuild(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := ""
	if revision := settings["vcs.revision"]; revision != "" {
		commit = fmt.Sprintf(" commit %.12s of %s", revision, settings["vcs.time"])
		if settings["vcs.modified"] == "true" {
			commit += ", modified"
		}
	}
	return fmt.Sprintf("zerowire %s%s, %s %s/%s", cmp.Or(info.Main.Version, "(devel)"), commit, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
