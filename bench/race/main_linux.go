package main

import (
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/zerowire/websocket/bench/peers"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exitOn(serve(os.Args[2:]))
		return
	}
	var (
		short    = flag.Bool("quick", false, "a short race: three rounds, and scenarios s to h if none are named: under four minutes for all peers")
		which    = flag.String("scenario", "", "scenarios to run, such as a,b; all if empty")
		who      = flag.String("peer", "", "peers to run, such as ours,gws; all if empty. The plain TCP echo always runs")
		rounds   = flag.Int("rounds", 0, "rounds; 7 if 0, or 3 if quick")
		jsonFile = flag.String("json", "", "`file` for all measurements, as JSON")
		markdown = flag.String("markdown", "", "`file` for the tables, as Markdown")
		plotFile = flag.String("plot", "", "`file` for the picture of all scenarios, .svg or .png")
		chart    = flag.String("chart", "", "`file` for the picture of the main scenarios, ours beside the best of the others, .svg or .png")
		growth   = flag.String("growth", "", "`file` for the picture of the cost over the number of connections (scenarios a to a3), .svg or .png")
		from     = flag.String("from", "", "JSON `files` of earlier races on this machine, such as 1.json,2.json: report these, and run none")
		profiles = flag.String("profile", "", "`directory` for a CPU profile of each server, which costs it some time")
	)
	flag.Parse()
	if *short && *which == "" {
		*which = quickScenarios
	}
	list, err := pick(*which, scenarios, func(s scenario) string { return s.ID })
	exitOn(err)
	runners, err := pick(*who, peers.All, func(p peers.Peer) string { return p.Name })
	exitOn(err)
	e := full
	if *short {
		e = quick
	}
	if *rounds > 0 {
		e.rounds = *rounds
	}
	var r *report
	if *from != "" {
		r, err = readReports(*from)
		exitOn(err)
	} else {
		r = compete(race{scenarios: list, runners: runners, effort: e, cores: findCores(), profiles: *profiles})
	}
	exitOn(r.print(os.Stdout))
	for _, output := range []struct {
		file  string
		write func(name string) error
	}{
		{*jsonFile, r.writeJSON},
		{*markdown, r.writeMarkdown},
		{*plotFile, r.draw},
		{*chart, r.drawChart},
		{*growth, r.drawGrowth},
	} {
		if output.file != "" {
			exitOn(output.write(output.file))
		}
	}
	if r.failed() {
		os.Exit(1)
	}
}

// compete runs a race and returns its report. A short race has no targets for memory: its
// connections do not idle for long enough.
func compete(r race) *report {
	r.scenarios = r.effort.adapt(r.scenarios)
	result := newReport(r.run(), r.scenarios, r.effort.rounds, r.cores.pinned)
	if r.effort.settle < full.settle {
		result.Targets = slices.DeleteFunc(result.Targets, verdict.ofMemory)
	}
	return result
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
