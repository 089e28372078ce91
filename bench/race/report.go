package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/zerowire/websocket/bench/peers"
	"github.com/zerowire/websocket/bench/stats"
)

// report is a race with all that is needed to repeat it.
type report struct {
	Date     string    `json:"date"`
	Command  string    `json:"command"`
	Machine  machine   `json:"machine"`
	Rounds   int       `json:"rounds"`
	Pinned   bool      `json:"pinned"`
	Versions []string  `json:"versions"`
	Cells    []cell    `json:"cells"`
	Targets  []verdict `json:"targets"`
	Samples  []sample  `json:"samples"`
}

// machine is where the race was run.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// cell is what one peer reached in one scenario.
type cell struct {
	Scenario  string          `json:"scenario"`
	Group     string          `json:"group"`
	Title     string          `json:"title"`
	Conns     int             `json:"conns,omitempty"`
	Peer      string          `json:"peer"`
	Unit      string          `json:"unit"`
	Value     stats.Quartiles `json:"value"`
	Ratio     stats.Quartiles `json:"ratio"`
	Packed    float64         `json:"packed,omitempty"`    // median of what compressed messages came to, as a part of their size
	Memory    float64         `json:"memory,omitempty"`    // median, KiB per connection, beside the CPU time
	Unchecked bool            `json:"unchecked,omitempty"` // text is not checked, though the scenario demands it
	More      bool            `json:"more,omitempty"`      // is better
	Err       string          `json:"error,omitempty"`     // of the first round that failed
}

func newReport(samples []sample, list []scenario, rounds int, pinned bool) *report {
	r := &report{
		Date:    time.Now().UTC().Format(time.DateOnly),
		Command: "go run ./bench/race " + strings.Join(os.Args[1:], " "),
		Machine: machine{CPU: cpuModel(), Cores: runtime.NumCPU(), Kernel: kernel(), Go: runtime.Version()},
		Rounds:  rounds,
		Pinned:  pinned,
		Samples: samples,
	}
	for _, p := range peers.All {
		if v := p.Version(); v != "" && !slices.Contains(r.Versions, p.Module+" "+v) {
			r.Versions = append(r.Versions, p.Module+" "+v)
		}
	}
	for _, s := range list {
		for _, p := range peers.All {
			if c, ok := newCell(samples, s, p); ok {
				r.Cells = append(r.Cells, c)
			}
		}
	}
	r.Targets = judge(r.Cells, samples, targets)
	return r
}

// newCell sums up the rounds of p in s, if there are any.
func newCell(samples []sample, s scenario, p peers.Peer) (c cell, ok bool) {
	c = cell{Scenario: s.ID, Group: s.group(), Title: s.Title, Conns: s.conns, Peer: p.Name, Unit: s.unit(), Unchecked: !s.checked(p), More: s.kind == stalled}
	var values, ratios, packed, memory []float64
	for _, x := range samples {
		if x.Scenario != s.ID || x.Peer != p.Name {
			continue
		}
		ok = true
		if x.Err != "" {
			if c.Err == "" {
				c.Err = x.Err
			}
			continue
		}
		values = append(values, x.Value)
		if x.Packed > 0 {
			packed = append(packed, x.Packed)
		}
		if x.Memory != 0 {
			memory = append(memory, x.Memory)
		}
		if x.Ratio > 0 {
			ratios = append(ratios, x.Ratio)
		}
	}
	c.Value, c.Ratio, c.Packed = stats.Of(values), stats.Of(ratios), stats.Of(packed).Median
	c.Memory = stats.Of(memory).Median
	return c, ok
}

// failed reports whether any measurement failed.
func (r *report) failed() bool {
	return slices.ContainsFunc(r.Cells, func(c cell) bool { return c.Err != "" })
}

// byScenario returns the cells of each scenario, in order.
func byScenario(cells []cell) iter.Seq[[]cell] {
	return func(yield func([]cell) bool) {
		for rest := cells; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].Scenario == rest[0].Scenario {
				n++
			}
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// print writes the table for people.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for cells := range byScenario(r.Cells) {
		fmt.Fprintf(t, "\n%s: %s\n", cells[0].Scenario, cells[0].Title)
		fmt.Fprintf(t, "peer\t× tcp\tquartiles\t%s\t\n", cells[0].Unit)
		for _, c := range cells {
			if c.Err != "" {
				fmt.Fprintf(t, "%s\t–\t–\t–\tfailed: %s\n", c.Peer, c.Err)
				continue
			}
			remark := ""
			if c.Unchecked {
				remark = "UTF-8 not checked"
			}
			if c.Packed > 0 {
				remark = fmt.Sprintf("compressed to %.1f %%", 100*c.Packed)
			}
			if c.Memory != 0 {
				remark = fmt.Sprintf("%.2f KiB a connection", c.Memory)
			}
			fmt.Fprintf(t, "%s\t%.2f\t%.2f–%.2f\t%.2f\t%s\n", c.Peer, c.Ratio.Median, c.Ratio.Q1, c.Ratio.Q3, c.Value.Median, remark)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.printTargets(w)
}

// writeJSON writes everything, every measurement included.
func (r *report) writeJSON(name string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// cpuModel returns the name of the CPU, as far as the kernel reports it.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
