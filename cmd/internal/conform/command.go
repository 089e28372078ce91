// Package conform is `zerowire conform`: it plays the conformance table against
// any server that echoes, and reports case by case what the server did.
//
// The way is command.go (flags) → choose.go (which cases) → target.go (the
// opening handshake) → probe.go (does it echo?) → play.go → report.go and text.go.
package conform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// Command is `zerowire conform`.
type Command struct {
	URL string `arg:"" optional:"" placeholder:"URL" help:"Server to test, ws:// or wss://. It has to echo every message."`

	Cases    []string      `placeholder:"NUMBERS" help:"Cases to play, such as 6, 1.* or 7.9.1,7.13; all if not given."`
	Exclude  []string      `placeholder:"NUMBERS" help:"Cases to leave out."`
	List     bool          `help:"List the cases and play none."`
	Thorough bool          `help:"Play each case also byte by byte, and with frames behind the end that must not be answered."`
	Messages int           `default:"100" placeholder:"N" help:"Messages to send in each case of groups 12 and 13 (${default}; the reference suite sends 1000)."`
	Parallel int           `default:"8" placeholder:"N" help:"Cases to play at a time (${default})."`
	Patience time.Duration `default:"3s" placeholder:"TIME" help:"How long to wait for each reaction of the server (${default})."`
	Strict   bool          `help:"Count NON-STRICT as failed, too."`

	Subprotocol []string `placeholder:"NAME" help:"Sub-protocol to offer; may be repeated."`
	reach.Flags

	Brief bool   `help:"Show only what is not OK."`
	JSON  string `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output, in place of the text."`
	HTML  string `name:"html" placeholder:"FILE" help:"Write the report as a page, too."`
}

// Help is what `zerowire conform --help` says below the summary.
func (c *Command) Help() string {
	return `The verdicts are those of the field's reference suite. A case fails if its
behaviour or its close behaviour is FAILED, WRONG CODE, UNCLEAN or FAILED BY
CLIENT. Group 9 sends messages of up to 16 MiB. Groups 12 and 13 need a server
with permessage-deflate, and are UNIMPLEMENTED by one without.

Examples:
  zerowire conform ws://localhost:8000/echo
  zerowire conform --cases '6.*' --exclude 6.4 --brief ws://localhost:9001
  zerowire conform --html report.html --json report.json wss://example.com/echo

Exit code: 0 no case failed, 1 one did or the server cannot be tested, 2 wrong
usage, 130 interrupted.`
}

// Run plays the cases and reports. ctx ends it early, with a report on what was
// played until then.
func (c *Command) Run(ctx context.Context) error {
	games, err := c.choose()
	if err != nil {
		return reach.UsageError{Err: err}
	}
	if c.List {
		for _, g := range games {
			fmt.Printf("%-8s %s\n", g.ID, g.Name)
		}
		return nil
	}
	if c.Thorough {
		games = inAllModes(games)
	}
	to, err := c.target()
	if err != nil {
		return reach.UsageError{Err: err}
	}
	if err := to.probe(ctx); err != nil {
		return err
	}
	started := time.Now()
	r := newReport(to.URL.String(), started, c.play(ctx, to, games))
	r.games, r.strict = len(games), c.Strict
	if err := c.write(r); err != nil {
		return err
	}
	return r.outcome()
}

// write gives the report in every form that was asked for.
func (c *Command) write(r *report) (err error) {
	if c.JSON != "-" {
		err = r.writeText(os.Stdout, c.Brief)
	}
	return errors.Join(err, reach.WriteFile("--json", c.JSON, reach.JSON(r)), reach.WriteFile("--html", c.HTML, r.writeHTML))
}
