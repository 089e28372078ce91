// Conformance reports how the library does in the table of conformance cases, as a server
// and as a client, and connects a client to the field's reference suite.
//
//	go run ./bench/conformance                        # the tables of docs/conformance.md
//	go run ./bench/conformance ws://127.0.0.1:9001    # be the client of wstest -m fuzzingserver
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	messages := flag.Int("messages", 100, "messages in each case of groups 12 and 13, of which the suite sends 1000")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: conformance [-messages N] [URL of a fuzzing server]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		return beClient(ctx, flag.Arg(0))
	}
	report, err := playAll(*messages)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(report.markdown())
	return err
}
