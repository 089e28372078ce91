package load

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// writeTable writes the result for people.
func (r *Result) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %.1f s: %s\n\n", r.URL, r.Seconds, r.Load)
	fmt.Fprintf(t, "messages\t%s\t%s/s\n", humanize.Comma(r.Received), humanize.Comma(int64(r.PerSecond+.5)))
	fmt.Fprintf(t, "payload\t%s\t%s/s each way\n", humanize.IBytes(uint64(r.ReceivedBytes)), humanize.IBytes(uint64(ratio(float64(r.ReceivedBytes), r.Seconds))))
	fmt.Fprintf(t, "client CPU\t%.2f µs a message\t%.0f %% of %s\n", r.Client.PerMessage, 100*r.Client.Busy, count(r.Client.Threads, "thread"))
	r.tabulateLatency(t)
	fmt.Fprintln(t)
	for _, f := range r.Errors {
		fmt.Fprintf(t, "error\t%s\t%s\t%s\n", humanize.Comma(f.Count), f.Kind, f.Example)
	}
	switch {
	case len(r.Errors) > 0:
	case r.Load.Own:
		fmt.Fprintf(t, "no errors\n")
	default:
		fmt.Fprintf(t, "all echoes verified\n")
	}
	for _, l := range r.Limits {
		fmt.Fprintf(t, "limit\tp%g\t%s\t%s\n", l.Percent, duration(l.Limit), map[bool]string{true: "kept", false: "exceeded: " + duration(l.Micros)}[l.OK])
	}
	for _, remark := range r.Remarks() {
		fmt.Fprintf(t, "note: %s\n", remark)
	}
	return t.Flush()
}

func (r *Result) tabulateLatency(w io.Writer) {
	if len(r.Latency.Percentiles) == 0 {
		return
	}
	fmt.Fprintln(w)
	heads, values := "latency", ""
	for _, p := range r.Latency.Percentiles {
		heads += fmt.Sprintf("\tp%g", p.Percent)
		values += "\t" + duration(p.Micros)
	}
	fmt.Fprintf(w, "%s\tmax\tmean\n%s\t%s\t%s\n", heads, values, duration(r.Latency.Max), duration(r.Latency.Mean))
}

// Remarks say what the figures alone do not.
func (r *Result) Remarks() (remarks []string) {
	if r.Client.Busy > .9 {
		remarks = append(remarks, "the client was the bottleneck: the server may be able to do more; see --threads")
	}
	if r.Load.Compress == "declined" {
		remarks = append(remarks, "the server declined --compress: messages went as they are")
	}
	if r.Behind > 0 {
		remarks = append(remarks, fmt.Sprintf("%s messages were due and could not be sent: the server does not keep up with --rate %g", humanize.Comma(r.Behind), r.Load.Rate))
	}
	return remarks
}

// String says in one line what was asked for.
func (l Load) String() string {
	what := l.Size + " B of " + l.Type
	if l.Own {
		what = "an exchange"
	}
	s := fmt.Sprintf("%s × %s, ", count(l.Open, "connection"), what)
	if l.Rate > 0 {
		return s + fmt.Sprintf("%s messages/s", humanize.Commaf(l.Rate))
	}
	return s + fmt.Sprintf("%d in flight on each", l.Pipeline)
}

func count(n int, what string) string {
	return humanize.Comma(int64(n)) + " " + english.PluralWord(n, what, "")
}

// duration formats µs with three digits.
func duration(us float64) string {
	d := time.Duration(us * 1e3)
	for unit := time.Duration(1); unit <= time.Hour; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
	return d.String()
}
