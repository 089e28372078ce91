package main

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket/bench/peers"
)

// The test binary is the program that starts itself again as a server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exitOn(serve(os.Args[2:]))
		return
	}
	os.Exit(m.Run())
}

// A race as small as it can be, over every scenario, ends with a ratio for
// everyone.
func TestRace(t *testing.T) {
	ours, _ := peers.Find("ours")
	r := race{
		scenarios: scenarios,
		runners:   []peers.Peer{ours},
		effort:    effort{rounds: 1, warm: time.Millisecond, run: 20 * time.Millisecond, idle: 50, settle: time.Millisecond, churn: 50, casts: 600, flood: 50 * time.Millisecond, most: 300, paced: 50 * time.Millisecond},
	}
	samples := r.run()
	if want := 3 * len(scenarios); len(samples) != want {
		t.Fatalf("%d samples, want %d", len(samples), want)
	}
	for _, x := range samples {
		if x.Err != "" || x.Ratio <= 0 && !slices.Contains([]string{"f", "fz", "fzt"}, x.Scenario) { // of 50 connections the memory may be none
			t.Errorf("%+v, want a ratio", x)
		}
	}
}

// What a short race does with fewer connections is called so.
func TestAdapt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		effort effort
		want   map[string]string // title by ID
	}{
		{"full", full, map[string]string{"sparse": "10,000 conns × 125 B text, one a second each", "a3": "16,000 conns × 125 B text, depth 1"}},
		{"quick", quick, map[string]string{"sparse": "2,000 conns × 125 B text, one a second each", "a3": "16,000 conns × 125 B text, depth 1"}},
	} {
		for _, s := range tt.effort.adapt(scenarios) {
			if want, ok := tt.want[s.ID]; ok && s.Title != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, s.ID, s.Title, want)
			}
		}
	}
}

// A server that does not come up is reported, not waited for.
func TestStartFails(t *testing.T) {
	r := race{}
	if _, err := r.start(scenarios[0], peers.Peer{Name: "nobody"}); err == nil {
		t.Error("start succeeds without a peer")
	}
}

func TestCPUTime(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	begin := usage(t)
	for usage(t)-begin < 50*time.Millisecond { // not 50 ms of time: other processes may run
	}
	after, err := cpuTime(os.Getpid())
	most := usage(t) - begin + 50*time.Millisecond // it was begun before, and is counted in ticks
	if err != nil || after-before < 30*time.Millisecond || after-before > most {
		t.Errorf("50 ms of work take %v, %v; want 30 ms to %v", after-before, err, most)
	}
	if rss, err := residentSize(os.Getpid()); err != nil || rss < 1<<20 {
		t.Errorf("residentSize = %d, %v, want more than 1 MiB", rss, err)
	}
}

// usage returns the CPU time of this process, as the system counts it for the process.
func usage(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
