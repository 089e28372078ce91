package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// raced is the report of a race in which somebody failed.
func raced() *report {
	samples := []sample{
		{Round: 1, Scenario: "a", Peer: "ours", Value: 8, Ratio: 0.8},
		{Round: 2, Scenario: "a", Peer: "ours", Value: 10, Ratio: 0.9},
		{Round: 1, Scenario: "a", Peer: "gws", Err: "load: the server hangs"},
		{Round: 1, Scenario: "a", Peer: "tcp", Value: 10, Ratio: 1},
		{Round: 1, Scenario: "e2", Peer: "gorilla", Value: 30, Ratio: 3},
	}
	return newReport(samples, []scenario{scenarios[0], scenarios[5]}, 2, true)
}

func TestReport(t *testing.T) {
	r := raced()
	if !r.failed() || len(r.Cells) != 4 {
		t.Fatalf("failed = %v, %d cells, want true and 4", r.failed(), len(r.Cells))
	}
	var b bytes.Buffer
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ours  0.85", "failed: load: the server hangs", "UTF-8 not checked"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("print has no %q:\n%s", want, b.String())
		}
	}
}

func TestReportFiles(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name  string
		write func(r *report, name string) error
		want  []string
	}{
		{"race.json", (*report).writeJSON, []string{`"median": 0.85`, `"error": "load: the server hangs"`, `"unchecked": true`}},
		{"race.md", (*report).writeMarkdown, []string{"| ours | 0.85 (0.83–0.88) |", "| gws | failed |", "3.00†", "| tcp | 10.00 µs |"}},
		{"race.svg", (*report).draw, []string{"<svg", "gorilla", "0.85", "3.00†"}},
		{"race.png", (*report).draw, []string{"\x89PNG"}},
	} {
		name := filepath.Join(dir, tt.name)
		if err := tt.write(raced(), name); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s has no %q", tt.name, want)
			}
		}
	}
	if err := raced().draw(filepath.Join(dir, "race.txt")); err == nil {
		t.Error("draw(race.txt) succeeds")
	}
}

func TestPick(t *testing.T) {
	id := func(s scenario) string { return s.ID }
	for _, tt := range []struct {
		list, want string
		bad        bool
	}{
		{list: "", want: "a b c16 d e e2 f g h z1 z16 z64 zt1 zt16 zt64 fz fzt h1 q r s a1 a2 a3 sparse c1 t1 t32 t16k"},
		{list: "e2,a", want: "e2 a"},
		{list: "a,z", bad: true},
	} {
		picked, err := pick(tt.list, scenarios, id)
		var got []string
		for _, s := range picked {
			got = append(got, s.ID)
		}
		if strings.Join(got, " ") != tt.want || (err != nil) != tt.bad {
			t.Errorf("pick(%q) = %v, %v, want %s, an error: %v", tt.list, got, err, tt.want, tt.bad)
		}
	}
}
