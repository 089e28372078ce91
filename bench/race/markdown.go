package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/zerowire/websocket/bench/peers"
)

// columns are how the tables name our peers.
var columns = map[string]string{
	"ours":          "ours: events",
	"ours-blocking": "ours: blocking",
	"ours-upgrade":  "ours: `Upgrade`",
	"ours-hub":      "ours: hub",
}

// noise is how far a quartile may be from the median before a table shows it.
const noise = 0.03

// writeMarkdown writes the tables as they are in docs/performance.md: one for each group of
// scenarios, with a column for each peer.
func (r *report) writeMarkdown(name string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d cores, Linux %s, %s; %d rounds:\n\n```sh\n%s\n```\n", r.Date, r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go, r.Rounds, r.Command)
	if !r.Pinned {
		b.WriteString("\nServer and client were not pinned to cores.\n")
	}
	for _, g := range groups {
		var cells []cell
		for _, c := range r.Cells {
			if c.Group == g.name {
				cells = append(cells, c)
			}
		}
		if len(cells) > 0 {
			g.write(&b, cells)
		}
	}
	fmt.Fprintf(&b, "\nMedians over the rounds. ± is how far the quartiles are from the median, where that is more than %.0f %%. **Bold** is the best of a row, † does not check UTF-8, – does not do this. The plain echo of the same row and round is 1.00; its column has what it costs.\n", 100*noise)
	if lines := r.behind(); len(lines) > 0 {
		b.WriteString("\nOther libraries are ahead of all of our forms in:\n\n")
		for _, line := range lines {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	if len(r.Targets) > 0 {
		b.WriteString("\n| row | form | target | measured | |\n|---|---|---|--:|---|\n")
		for _, v := range r.Targets {
			fmt.Fprintf(&b, "| %s | %s | %s | %.2f | %s |\n", v.Scenario, v.Peer, v.Target, v.Got, v.outcome())
		}
	}
	fmt.Fprintf(&b, "\nVersions: %s.\n", strings.Join(r.Versions, ", "))
	return os.WriteFile(name, []byte(b.String()), 0o644)
}

// group is the scenarios that share a table.
type group struct {
	name   string
	counts string // what the numbers are
}

var groups = []group{
	{echoes, "Server CPU per message as a multiple of the plain Go TCP echo"},
	{secured, "Server CPU per message as a multiple of a plain Go echo over TLS"},
	{compressed, "Server CPU per message as a multiple of a plain Go TCP echo of the compressed bytes"},
	{broadcasts, "Server CPU per delivery as a multiple of a loop of writes to plain TCP connections; r: messages per second to each connection that reads, where more is better"},
	{crowds, "Server CPU per message as a multiple of the plain Go TCP echo with as many connections"},
	{memory, "Resident memory per connection, KiB"},
}

// write writes the table of g.
func (g group) write(b *strings.Builder, cells []cell) {
	var names []string
	for _, p := range peers.All {
		if p.Name != peers.Baseline && slices.ContainsFunc(cells, func(c cell) bool { return c.Peer == p.Name }) {
			names = append(names, p.Name)
		}
	}
	names = append(names, peers.Baseline)
	fmt.Fprintf(b, "\n### %s\n\n%s:\n\n| work |", g.name, g.counts)
	for _, name := range names {
		fmt.Fprintf(b, " %s |", columnOf(name))
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("--:|", len(names)))
	for row := range byScenario(cells) {
		best, _ := bestOf(row)
		fmt.Fprintf(b, "| %s: %s |", row[0].Scenario, row[0].Title)
		for _, name := range names {
			i := slices.IndexFunc(row, func(c cell) bool { return c.Peer == name })
			switch {
			case i < 0:
				b.WriteString(" – |")
			case name == best.Peer:
				fmt.Fprintf(b, " **%s** |", row[i].markdown())
			default:
				fmt.Fprintf(b, " %s |", row[i].markdown())
			}
		}
		b.WriteString("\n")
		writeMemory(b, row, names)
	}
}

// writeMemory adds a row for the memory, if it was counted beside the CPU time.
func writeMemory(b *strings.Builder, row []cell, names []string) {
	if !slices.ContainsFunc(row, func(c cell) bool { return c.Memory != 0 }) {
		return
	}
	fmt.Fprintf(b, "| %s: memory per connection, KiB |", row[0].Scenario)
	for _, name := range names {
		if c, ok := find(row, name); ok {
			fmt.Fprintf(b, " %.1f |", c.Memory)
		} else {
			b.WriteString(" – |")
		}
	}
	b.WriteString("\n")
}

func columnOf(peer string) string {
	if peer == peers.Baseline {
		return "plain echo"
	}
	if name, ok := columns[peer]; ok {
		return name
	}
	return peer
}

// bestOf returns the best cell of a row, of all libraries that do what the scenario
// demands.
func bestOf(row []cell) (best cell, ok bool) {
	ours, ok := bestOfOurs(row)
	other, others := bestOther(row)
	if !ok || others && other.better(ours) {
		return other, others
	}
	return ours, ok
}

// markdown is the entry of c in a table.
func (c cell) markdown() string {
	if c.Err != "" {
		return "failed"
	}
	shown, entry := c.Ratio, c.number()
	switch {
	case c.Unit == unitMemory:
		shown, entry = c.Value, c.figure()
	case c.Peer == peers.Baseline:
		shown, entry = c.Value, fmt.Sprintf("%.2f %s", c.Value.Median, c.Unit)
	}
	if spread := shown.Spread(); spread > noise {
		entry += fmt.Sprintf(" ±%.0f %%", 100*spread)
	}
	return entry
}
