package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"

	"github.com/zerowire/websocket"
)

// The exit codes.
const (
	exitFailed      = 1   // something was lost, not survived, or kept
	exitUsage       = 2   // wrong flags
	exitInterrupted = 130 // by Ctrl-C, and all was well until then
)

func main() {
	if isChild() {
		exitOn(serve((*websocket.Conn).Write))
		return
	}
	c := config{shapes: shapes}
	flag.DurationVar(&c.duration, "duration", 2*time.Minute, "how long to run")
	flag.Uint64Var(&c.seed, "seed", 0, "seed of the plan: the same one makes the same faults at the same times; 0 for any")
	flag.DurationVar(&c.limit, "limit", 5*time.Second, "the server's limits of time: for a handshake, a message, a Pong, a write, a close")
	flag.DurationVar(&c.timeout, "timeout", 30*time.Second, "how much longer than allowed a client waits before it counts what it waits for as lost")
	only := flag.String("fault", "", "inject only faults whose name has a match of this `expression`, such as '^stall|1 GiB'")
	verbose := flag.Bool("v", false, "a line for each fault")
	jsonFile := flag.String("json", "", "`file` for the result, as JSON")
	flag.Parse()
	if flag.NArg() > 0 || c.duration <= 0 || c.limit <= 0 || c.timeout <= 0 {
		fmt.Fprintln(os.Stderr, "soak: flags only, and times above zero")
		flag.Usage()
		os.Exit(exitUsage)
	}
	expression, err := regexp.Compile(*only)
	exitOn(err)
	c.faults = slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !expression.MatchString(f.name) })
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	c.log = io.Discard
	if *verbose {
		c.log = os.Stderr
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process
	bar := newProgress(os.Stderr, c.duration, *verbose)
	r, err := run(ctx, c, bar.show)
	bar.end()
	exitOn(err)
	r.Command = "soak " + fmt.Sprint(os.Args[1:])
	exitOn(r.print(os.Stdout))
	if *jsonFile != "" {
		exitOn(r.writeJSON(*jsonFile))
	}
	switch {
	case len(r.Failures) > 0:
		os.Exit(exitFailed)
	case r.Interrupted:
		os.Exit(exitInterrupted)
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
}
