package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// small is a run of a few seconds. The limits, and timeout, are for machines that do much
// else: an honest client must not run into one because it had to wait for its turn.
func small() config {
	c := config{
		duration: 10 * time.Second, seed: 1, limit: 5 * time.Second, timeout: time.Minute,
		faults: faults, shapes: slices.Clone(shapes), log: io.Discard,
	}
	for i := range c.shapes {
		c.shapes[i].conns = 1
	}
	if raceSlack > 0 { // everything takes several times as long
		c.limit *= 2
	}
	return c
}

func runFor(t *testing.T, c config) *report {
	t.Helper()
	r, err := run(t.Context(), c, func(*tally, Usage) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSoak is a run as small as it can be: every honest client gets every byte, every
// kind of fault comes and is survived, and the server gives back what it had.
func TestSoak(t *testing.T) {
	r := runFor(t, small())
	for _, f := range r.Failures {
		t.Error(f)
	}
	for _, h := range r.Honest {
		if h.Messages == 0 || h.Lost != 0 || h.LongestEcho <= 0 {
			t.Errorf("%s: %d messages, %d lost, %gs for the longest echo; want some, none, some", h.Name, h.Messages, h.Lost, h.LongestEcho)
		}
	}
	if r.LostMessages != 0 || r.LostBytes != 0 {
		t.Errorf("%d messages, %d bytes are lost, want none", r.LostMessages, r.LostBytes)
	}
	for _, f := range r.Faults {
		if f.Survived == 0 || f.Survived+f.Cut != f.Injected {
			t.Errorf("%s: %d injected, %d survived, %d cut short; want all, and one at least that survived", f.Name, f.Injected, f.Survived, f.Cut)
		}
	}
	if r.After.Opened == 0 || r.After.Opened != r.After.Closed || r.Peak.Goroutines <= r.Before.Goroutines {
		t.Errorf("%d connections opened, %d ended; %d goroutines before, %d at most", r.After.Opened, r.After.Closed, r.Before.Goroutines, r.Peak.Goroutines)
	}
	checkReport(t, r)
}

// checkReport checks that the tables and the JSON file tell what r does.
func checkReport(t *testing.T, r *report) {
	t.Helper()
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"over TLS", "0 B lost", "inflate: a bomb of 1 GiB", shutdownName, "goroutines", "passed: ", "seed 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report does not have %q:\n%s", want, b.String())
		}
	}
	name := filepath.Join(t.TempDir(), "soak.json")
	if err := r.writeJSON(name); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var again report
	if err := json.Unmarshal(text, &again); err != nil || again.Messages != r.Messages || len(again.Faults) != len(r.Faults) || again.After.Goroutines != r.After.Goroutines {
		t.Errorf("the JSON file has %d messages, %d faults, %v; want %d, %d", again.Messages, len(again.Faults), err, r.Messages, len(r.Faults))
	}
}

// TestBrokenServerIsFound runs servers that are wrong, each in one way: all of them fail.
func TestBrokenServerIsFound(t *testing.T) {
	said := map[string]string{ // a part of what has to be said
		"a byte is flipped":      "byte ",
		"an echo is lost":        "",
		"an echo comes twice":    "",
		"an echo is cut short":   "the echo ",
		"the type is wrong":      "the echo is binary, want text",
		"a connection is cut":    "",
		"a connection is closed": "the server closes with 1000",
		"the handler panics":     "on purpose",
		"the process ends":       "exit status 3",
		"a goroutine is left":    "goroutines: 3, before 2",
		"memory is kept":         "heap: ",
		"a descriptor is kept":   "descriptors: ",
		"a buffer is kept":       "pooled buffers: 1, before 0",
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		if !detectable(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Setenv(brokenBy, name)
			c := small()
			c.duration, c.timeout = time.Second, 2*time.Second
			c.faults = churnFaults[:1]
			c.shapes = []shape{{name: "text", doors: at(events, blocking), conns: 4, depth: 64, compose: text(2000), dress: whole}}
			r := runFor(t, c)
			if len(r.Failures) == 0 {
				t.Fatalf("passed, with %d messages", r.Messages)
			}
			want, ok := said[name]
			if !ok || !slices.ContainsFunc(r.Failures, func(f Failure) bool { return strings.Contains(f.String(), want) }) {
				t.Errorf("the failures are %v, want one with %q", r.Failures, want)
			}
			if lost := strings.Contains(name, "echo"); lost && r.LostMessages == 0 {
				t.Error("no message is counted as lost")
			}
			if !strings.HasPrefix(r.verdict(), "FAILED") {
				t.Errorf("the verdict is %q", r.verdict())
			}
		})
	}
}

// TestRunEndsEarly: who has it end early gets what was found until then.
func TestRunEndsEarly(t *testing.T) {
	c := small()
	c.duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	r, err := run(ctx, c, func(t *tally, _ Usage) {
		if messages, injected, _ := t.sums(); messages > 100 && injected > 10 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Failed > 0 || r.Messages == 0 || !strings.Contains(r.verdict(), "ended early") {
		t.Errorf("interrupted: %t, %d messages, failures %v, %q", r.Interrupted, r.Messages, r.Failures, r.verdict())
	}
}
