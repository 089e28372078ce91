package main

import (
	"os"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestDocument plays all cases and compares the result with the tables of the document.
func TestDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(document), "<!-- go run ./bench/conformance -->\n")
	want, _, ends := strings.Cut(rest, "<!-- end -->\n")
	if !begins || !ends {
		t.Fatal("docs/conformance.md has no place for the tables")
	}
	r, err := playAll(3)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.markdown(); got != want {
		t.Errorf("docs/conformance.md has\n%s\nthe cases come to\n%s", want, got)
	}
	for _, e := range r {
		for role, got := range e.reports {
			if !got.Passed() {
				t.Errorf("as a %s: %s", role, got)
			}
		}
	}
}

// TestReport: what does not pass is in the tables.
func TestReport(t *testing.T) {
	played := func(id string, behavior, closing wstest.Verdict) entry {
		c := wstest.Cases(id)[0]
		good := wstest.Report{Case: c}
		return entry{Case: c, reports: map[codec.Role]wstest.Report{
			codec.Server: {Case: c, Behavior: behavior, BehaviorClose: closing}, codec.Client: good,
		}}
	}
	got := report{
		played("1.1.1", wstest.OK, wstest.OK),
		played("1.1.2", wstest.OK, wstest.Unclean),
		played("1.1.3", wstest.Failed, wstest.OK),
		played("7.1.6", wstest.Informational, wstest.Informational),
	}.markdown()
	for _, want := range []string{
		"| 1 | payload lengths | 3 | 1 OK, 1 FAILED, 1 UNCLEAN | 3 OK |\n",
		"| not passed strictly | 1.1.2–3 | 7.1.6 |\n",
		"| INFORMATIONAL | 7.1.6 | none |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report is without %q:\n%s", want, got)
		}
	}
}
