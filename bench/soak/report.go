package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
)

// report is a run with all that is needed to repeat it.
type report struct {
	Command     string    `json:"command"`
	Started     time.Time `json:"started"`
	Seed        uint64    `json:"seed"`
	Go          string    `json:"go"`
	Seconds     float64   `json:"seconds"`
	Interrupted bool      `json:"interrupted"`

	Messages     int64   `json:"messages"` // echoes and deliveries that came as they should
	Bytes        int64   `json:"bytes"`    // of them
	LostMessages int64   `json:"lost_messages"`
	LostBytes    int64   `json:"lost_bytes"`
	LongestEcho  float64 `json:"longest_echo_s"`

	Honest   []HonestResult `json:"honest"`
	Faults   []FaultResult  `json:"faults"`
	Before   Usage          `json:"before"`
	Peak     Usage          `json:"peak"`
	After    Usage          `json:"after"`
	Failed   int            `json:"failed"`
	Failures []Failure      `json:"failures"` // the first ones of each kind
}

// HonestResult is how a kind of honest client has fared.
type HonestResult struct {
	Name        string  `json:"name"`
	Clients     int     `json:"clients"`
	Messages    int64   `json:"messages"`
	Bytes       int64   `json:"bytes"`
	Lost        int64   `json:"lost_messages"`
	LongestEcho float64 `json:"longest_echo_s"`
}

// FaultResult is how the server has fared with a kind of fault.
type FaultResult struct {
	Name     string  `json:"name"`
	Injected int     `json:"injected"`
	Survived int     `json:"survived"`
	Cut      int     `json:"cut_short"` // by a shutdown
	Longest  float64 `json:"longest_s"` // until the server was rid of one
}

func newReport(s *soak, after Usage, interrupted bool) *report {
	t := s.tally
	r := &report{
		Started: t.start.UTC().Truncate(time.Millisecond), Seed: s.seed, Go: runtime.Version(),
		Seconds: time.Since(t.start).Seconds(), Interrupted: interrupted,
		LostMessages: t.unheard.Messages, LostBytes: t.unheard.Bytes,
		Before: s.before, Peak: s.peak, After: after,
	}
	for i, x := range t.shapes {
		h := HonestResult{x.name, len(s.shapes[i].doors) * s.shapes[i].conns, x.messages.Load(), x.bytes.Load(), x.lostMessages.Load(), time.Duration(x.longest.Load()).Seconds()}
		r.Honest = append(r.Honest, h)
		r.Messages += h.Messages
		r.Bytes += h.Bytes
		r.LostMessages += h.Lost
		r.LostBytes += x.lostBytes.Load()
		r.LongestEcho = max(r.LongestEcho, h.LongestEcho)
	}
	add := func(name string) {
		f := t.faults[name]
		r.Faults = append(r.Faults, FaultResult{name, f.injected, f.survived, f.cut, f.longest.Seconds()})
	}
	for _, f := range s.faults {
		add(f.name)
	}
	add(shutdownName)
	r.Failures, r.Failed = t.all()
	return r
}

// print writes the tables for people.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "clients\tmessages\tbytes\tlost\tlongest echo\t  honest clients")
	for _, h := range r.Honest {
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t  %s\n", h.Clients, humanize.Comma(h.Messages), size(h.Bytes), h.Lost, duration(h.LongestEcho), h.Name)
	}
	fmt.Fprintf(t, "\t%s\t%s\t%d\t%s\t  all, %s lost\n", humanize.Comma(r.Messages), size(r.Bytes), r.LostMessages, duration(r.LongestEcho), count(r.LostBytes, "B"))
	fmt.Fprintln(t)
	fmt.Fprintln(t, "injected\tsurvived\tcut short\tlongest\t  faults")
	var all FaultResult
	for _, f := range r.Faults {
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t  %s\n", f.Injected, f.Survived, f.Cut, duration(f.Longest), f.Name)
		all.Injected, all.Survived, all.Cut = all.Injected+f.Injected, all.Survived+f.Survived, all.Cut+f.Cut
	}
	fmt.Fprintf(t, "%d\t%d\t%d\t\t  all; cut short is what a shutdown has ended, as it has to\n", all.Injected, all.Survived, all.Cut)
	fmt.Fprintln(t)
	r.printUsage(t)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range r.Failures {
		fmt.Fprintln(w, f)
	}
	_, err := fmt.Fprintln(w, r.verdict())
	return err
}

// printUsage writes what the server held.
func (r *report) printUsage(w io.Writer) {
	fmt.Fprintln(w, "before\tmost\tafter\tslack\t  the server's process")
	row := func(name, slack string, of func(u Usage) string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t  %s\n", of(r.Before), of(r.Peak), of(r.After), slack, name)
	}
	row("goroutines", "0", func(u Usage) string { return count(int64(u.Goroutines), "") })
	row("heap", size(heapSlack), func(u Usage) string { return size(u.Heap) })
	if r.Before.Resident > 0 {
		row("resident memory", size(residentSlack), func(u Usage) string { return size(u.Resident) })
		row("descriptors", "0", func(u Usage) string { return count(int64(u.Files), "") })
	}
	if r.Before.Poisoned {
		row("pooled buffers in use", "0", func(u Usage) string { return count(int64(u.Lent), "") })
	}
	fmt.Fprintf(w, "\t%s\t%s\t0\t  connections: opened, and ended\n", count(r.After.Opened, ""), count(r.After.Closed, ""))
	fmt.Fprintln(w)
}

// verdict says in a line how it went.
func (r *report) verdict() string {
	early := ""
	if r.Interrupted {
		early = ", ended early"
	}
	what := fmt.Sprintf("%.1f s%s, seed %d", r.Seconds, early, r.Seed)
	if r.Failed > 0 {
		return fmt.Sprintf("FAILED: %s: %s", what, count(int64(r.Failed), "failures"))
	}
	return "passed: " + what
}

func (r *report) writeJSON(name string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

func count(n int64, unit string) string {
	if unit == "" {
		return humanize.Comma(n)
	}
	return humanize.Comma(n) + " " + unit
}

// duration gives seconds with a sensible number of digits.
func duration(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
