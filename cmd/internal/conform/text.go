package conform

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/fatih/color"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/internal/wstest"
)

var colors = map[verdict]*color.Color{
	pass:          color.New(color.FgGreen),
	informational: color.New(color.FgCyan),
	unimplemented: color.New(color.FgCyan),
	nonStrict:     color.New(color.FgYellow),
	failed:        color.New(color.FgRed, color.Bold),
}

// writeText writes the report for people: every case, unless brief, then what
// is not OK and why, then the sums.
func (r *report) writeText(w io.Writer, brief bool) error {
	var b bytes.Buffer
	if !brief {
		width := len("case    ")
		for _, res := range r.Results {
			width = max(width, len(res.label()))
		}
		fmt.Fprintf(&b, "%-*s %-14s %-16s %-11s %9s  %s\n", width, "case", "behaviour", "close", "verdict", "took", "what is sent and required")
		for _, res := range r.Results {
			res.writeRow(&b, width)
		}
		b.WriteByte('\n')
	}
	for _, res := range r.Results {
		if res.Verdict == nonStrict || res.Verdict == failed {
			res.writeDetails(&b)
		}
	}
	r.writeSums(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// label is the number of the case, and the mode if it is not the usual one.
func (res *result) label() string {
	if res.Mode == wstest.Whole.String() {
		return res.ID
	}
	return res.ID + " " + res.Mode
}

func (res *result) writeRow(b *bytes.Buffer, width int) {
	fmt.Fprintf(b, "%-*s %-14s %-16s %s %9s  %s\n", width, res.label(), res.Behavior, res.BehaviorClose,
		colors[res.Verdict].Sprintf("%-11s", res.Verdict), res.took(), clip(res.Name))
}

// clip cuts a name with many bytes in it to what fits into a line.
func clip(name string) string { return trace.Clip([]byte(name), 100, "") }

// took is the duration of a case to a tenth of a millisecond, as people write it.
func (res *result) took() string {
	d := time.Duration(res.Duration * float64(time.Millisecond))
	if d >= 100*time.Millisecond {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

func (res *result) writeDetails(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s %s: %s\n", colors[res.Verdict].Sprint(res.Verdict), res.label(), clip(res.Name))
	for _, line := range res.Why {
		fmt.Fprintf(b, "  %s\n", line)
	}
	fmt.Fprintf(b, "  received: %s\n  expected: %s\n\n", res.Received, res.Expected)
}

func (r *report) writeSums(b *bytes.Buffer) {
	fmt.Fprintf(b, "%-36s %6s %6s %6s %12s %11s %6s\n", "group", "cases", "pass", "info", "unsupported", "non-strict", "FAIL")
	for _, g := range r.Groups {
		g.counts.write(b, fmt.Sprintf("%2s  %s", g.ID, g.About))
	}
	r.Total.write(b, "all")
	if n := r.tooBig(); n > 0 {
		fmt.Fprintf(b, "\n%d failed because the server takes no message that large (1009): raise its limit\nto 16 MiB (zerowire serve --max-message 16777216), or leave them out.\n", n)
	}
}

func (n *counts) write(b *bytes.Buffer, name string) {
	verdict := pass
	if n.NonStrict > 0 {
		verdict = nonStrict
	}
	if n.Failed > 0 {
		verdict = failed
	}
	fmt.Fprintf(b, "%-36s %6d %6d %6d %12d %11d %s\n", name, n.Cases, n.Pass, n.Informational, n.Unimplemented, n.NonStrict,
		colors[verdict].Sprintf("%6d", n.Failed))
}
