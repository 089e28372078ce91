package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/zerowire/websocket/bench/peers"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exitOn(serve(os.Args[2:]))
		return
	}
	var (
		short    = flag.Bool("quick", false, "a short race: three rounds, and scenarios s to h if none are named: about three minutes for everyone")
		which    = flag.String("scenario", "", "scenarios to run, such as a,b; all if empty")
		who      = flag.String("peer", "", "peers to run, such as ours,gws; all if empty. The plain TCP echo always runs")
		rounds   = flag.Int("rounds", 0, "rounds; 7 if 0, or 3 if quick")
		jsonFile = flag.String("json", "", "`file` for all measurements, as JSON")
		markdown = flag.String("markdown", "", "`file` for the table, as Markdown")
		plotFile = flag.String("plot", "", "`file` for the picture, .svg or .png")
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
	contest := race{scenarios: list, runners: runners, effort: e, cores: findCores(), profiles: *profiles}
	r := newReport(contest.run(), list, e.rounds, contest.cores.pinned)
	exitOn(r.print(os.Stdout))
	if *jsonFile != "" {
		exitOn(r.writeJSON(*jsonFile))
	}
	if *markdown != "" {
		exitOn(r.writeMarkdown(*markdown))
	}
	if *plotFile != "" {
		exitOn(r.draw(*plotFile))
	}
	if r.failed() {
		os.Exit(1)
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
