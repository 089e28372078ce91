package main

import (
	"fmt"
	"strings"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// report is what the cases came to, in the order of their numbers.
type report []entry

// markdown returns the tables of docs/conformance.md.
func (r report) markdown() string {
	var b strings.Builder
	b.WriteString("| group | | cases | as a server | as a client |\n|--:|---|--:|---|---|\n")
	for i := 0; i < len(r); {
		n := i
		for n < len(r) && r[n].Group() == r[i].Group() {
			n++
		}
		group := r[i:n]
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s |\n", r[i].Group(), wstest.GroupNames[r[i].Group()], len(group), group.sums(codec.Server), group.sums(codec.Client))
		i = n
	}
	fmt.Fprintf(&b, "| | all | %d | %s | %s |\n", len(r), r.sums(codec.Server), r.sums(codec.Client))

	b.WriteString("\n| cases | as a server | as a client |\n|---|---|---|\n")
	for _, row := range []struct {
		name string
		is   func(wstest.Report, *entry) bool
	}{
		{"not passed strictly", func(got wstest.Report, _ *entry) bool { return !got.Passed() }},
		{"INFORMATIONAL", func(got wstest.Report, _ *entry) bool { return got.Behavior == wstest.Informational }},
		{"all echoes uncompressed", func(got wstest.Report, e *entry) bool { return e.deflate != nil && got.Compressed == 0 }},
	} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.name, r.numbers(codec.Server, row.is), r.numbers(codec.Client, row.is))
	}
	return b.String()
}

// numbers returns the numbers of the cases for which is holds: 12.1.1–3, 12.2.1.
func (r report) numbers(role codec.Role, is func(wstest.Report, *entry) bool) string {
	var ranges []string
	for i := 0; i < len(r); i++ {
		if !is(r[i].reports[role], &r[i]) {
			continue
		}
		first, family := r[i].ID, family(r[i].ID)
		for i+1 < len(r) && strings.HasPrefix(r[i+1].ID, family) && is(r[i+1].reports[role], &r[i+1]) {
			i++
		}
		if r[i].ID != first {
			first += "–" + strings.TrimPrefix(r[i].ID, family)
		}
		ranges = append(ranges, first)
	}
	if ranges == nil {
		return "none"
	}
	return strings.Join(ranges, ", ")
}

// family returns a number up to its last dot.
func family(id string) string { return id[:strings.LastIndexByte(id, '.')+1] }

// sums returns how many cases had which verdict; the worse one of the two of each case.
func (r report) sums(role codec.Role) string {
	count := map[wstest.Verdict]int{}
	for _, e := range r {
		got := e.reports[role]
		if got.Behavior == wstest.OK {
			count[got.BehaviorClose]++
		} else {
			count[got.Behavior]++
		}
	}
	var parts []string
	for v := wstest.OK; v <= wstest.Unimplemented; v++ {
		if count[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[v], v))
		}
	}
	return strings.Join(parts, ", ")
}
