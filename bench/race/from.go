package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// readReports returns the report of the races whose JSON files are in the comma-separated
// list. All have to be of the same machine. A scenario that is in several of them is taken
// from the last.
func readReports(list string) (*report, error) {
	var all *report
	for name := range strings.SplitSeq(list, ",") {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r := &report{}
		if err := json.Unmarshal(b, r); err != nil {
			return nil, fmt.Errorf("race: %s: %w", name, err)
		}
		if all == nil {
			all = r
			continue
		}
		if r.Machine != all.Machine {
			return nil, fmt.Errorf("race: %s is of another machine: %+v, not %+v", name, r.Machine, all.Machine)
		}
		all.add(r)
	}
	return all, nil
}

// add adds the scenarios of a later race, on the same machine.
func (r *report) add(later *report) {
	measured := func(id string) bool {
		return slices.ContainsFunc(later.Cells, func(c cell) bool { return c.Scenario == id })
	}
	r.Cells = append(slices.DeleteFunc(r.Cells, func(c cell) bool { return measured(c.Scenario) }), later.Cells...)
	r.Samples = append(slices.DeleteFunc(r.Samples, func(x sample) bool { return measured(x.Scenario) }), later.Samples...)
	r.Targets = append(slices.DeleteFunc(r.Targets, func(v verdict) bool { return measured(v.Scenario) }), later.Targets...)
	r.Date, r.Rounds = max(r.Date, later.Date), min(r.Rounds, later.Rounds)
	r.Pinned = r.Pinned && later.Pinned
	r.Command += "\n" + later.Command
	for _, v := range later.Versions {
		if !slices.Contains(r.Versions, v) {
			r.Versions = append(r.Versions, v)
		}
	}
}
