package inspect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// report prints what was found, and counts it.
type report struct {
	out     *bufio.Writer
	printer *trace.Printer // nil for JSON

	violations int
	first      string // the first violation

	archived    bool // there are no offsets and masking keys
	deflateHint bool // nothing says whether permessage-deflate was agreed on
}

func newReport(out *bufio.Writer, asJSON bool, width int, color bool) *report {
	r := &report{out: out}
	if !asJSON {
		r.printer = &trace.Printer{W: out, Offsets: true, Width: width, Color: color}
	}
	return r
}

// event reports what happened on the only connection.
func (r *report) event(e trace.Event) { r.eventOf(peers{}, e) }

// peers are the ends of a connection in a capture.
type peers struct {
	number         int
	client, server string // addresses
	tunnel         string // what is around them, if there is something
}

// eventOf reports what happened on a connection.
func (r *report) eventOf(p peers, e trace.Event) {
	if e.Kind == trace.Violation {
		r.violation(p, e)
	}
	if r.archived {
		e.Offset, e.Header.Masked = 0, false
	}
	if r.printer == nil {
		record := trace.NewRecord(e)
		record.Connection, record.Client, record.Server, record.Tunnel = p.number, p.client, p.server, p.tunnel
		json.NewEncoder(r.out).Encode(record) // the writer keeps its error
		return
	}
	r.printer.PrintOf(p.number, e)
}

func (r *report) violation(p peers, e trace.Event) {
	r.violations++
	if r.violations > 1 {
		return
	}
	rule, section := trace.Rule(e.Err)
	where := fmt.Sprintf("at offset %d of what the %s sent", e.Offset, e.From)
	if p.number > 0 {
		where += fmt.Sprintf(" on connection #%d", p.number)
	}
	r.first = fmt.Sprintf("%s (%s), %s", rule, section, where)
	if r.deflateHint && e.Err == codec.ErrReservedBits && e.Header.RSV == codec.RSV1 {
		r.first += "; if permessage-deflate was agreed on, say --deflate"
	}
}

// note prints a line for people: beside the output if that is JSON.
func (r *report) note(format string, args ...any) {
	var w io.Writer = r.out
	if r.printer == nil {
		w = os.Stderr
	}
	fmt.Fprintf(w, format+"\n", args...)
}

// verdict is an error if there was a violation.
func (r *report) verdict() error {
	switch r.violations {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("violation: %s", r.first)
	}
	return fmt.Errorf("%d violations, the first: %s", r.violations, r.first)
}
