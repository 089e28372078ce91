package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/bench/stats"
)

// raced is the report of a race in which somebody failed.
func raced() *report {
	samples := []sample{
		{Round: 1, Scenario: "a", Peer: "ours", Value: 8, Ratio: 0.8},
		{Round: 2, Scenario: "a", Peer: "ours", Value: 10, Ratio: 0.9},
		{Round: 1, Scenario: "a", Peer: "gws", Err: "load: the server hangs"},
		{Round: 1, Scenario: "a", Peer: "tcp", Value: 10, Ratio: 1},
		{Round: 1, Scenario: "e2", Peer: "gorilla", Value: 30, Ratio: 3},
		{Round: 1, Scenario: "f", Peer: "ours", Value: 4.46, Ratio: 0.5},
	}
	return newReport(samples, []scenario{scenarioNamed("a"), scenarioNamed("e2"), scenarioNamed("f")}, 2, true)
}

func TestReport(t *testing.T) {
	r := raced()
	if !r.failed() || len(r.Cells) != 5 {
		t.Fatalf("failed = %v, %d cells, want true and 5", r.failed(), len(r.Cells))
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
		{"race.md", (*report).writeMarkdown, []string{
			"| work | ours: events | gorilla | gws | plain echo |",
			"| a: 64 conns × 125 B text, depth 1 | **0.85** | – | failed | 10.00 µs |",
			"| e2: 8 conns × 1 MiB CJK text, depth 2, UTF-8 checked | – | 3.00† | – | – |",
			"| f: idle connection after traffic, RSS | **4.5** | – |",
			"| a | ours | <= 1.00 | 0.85 | holds |",
		}},
		{"race.svg", (*report).draw, []string{"<svg", "gorilla", "0.85", "3.00†"}},
		{"chart.svg", (*report).drawChart, []string{"<svg", "0.85 ours", "64 conns × 125 B text, depth 1", "Arial", "textLength"}},
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
	for _, none := range []func(string) error{raced().drawGrowth, (&report{}).drawChart, (&report{}).draw} {
		if err := none(filepath.Join(dir, "none.svg")); err == nil {
			t.Error("a picture of nothing is drawn")
		}
	}
	if err := raced().draw(filepath.Join(dir, "race.txt")); err == nil {
		t.Error("draw(race.txt) succeeds")
	}
}

func TestMarkdownCell(t *testing.T) {
	for _, tt := range []struct {
		name string
		cell cell
		want string
	}{
		{"ratio", cell{Ratio: stats.Quartiles{Q1: 0.98, Median: 1, Q3: 1.02}}, "1.00"},
		{"noise", cell{Ratio: stats.Quartiles{Q1: 0.9, Median: 1, Q3: 1.02}}, "1.00 ±10 %"},
		{"unchecked", cell{Ratio: stats.Quartiles{Q1: 3, Median: 3, Q3: 3}, Unchecked: true}, "3.00†"},
		{"memory", cell{Unit: unitMemory, Value: stats.Quartiles{Q1: 4.4, Median: 4.46, Q3: 4.5}}, "4.5"},
		{"memory of the plain echo", cell{Peer: "tcp", Unit: unitMemory, Value: stats.Quartiles{Q1: 8, Median: 8, Q3: 8}}, "8.0"},
		{"plain echo", cell{Peer: "tcp", Unit: "µs", Value: stats.Quartiles{Q1: 9, Median: 10, Q3: 10}, Ratio: stats.Quartiles{Q1: 1, Median: 1, Q3: 1}}, "10.00 µs ±10 %"},
		{"failed", cell{Err: "hangs"}, "failed"},
	} {
		if got := tt.cell.markdown(); got != tt.want {
			t.Errorf("%s: markdown() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, tt := range []struct{ id, want string }{
		{"s", echoes}, {"a", echoes}, {"e2", echoes}, {"g", echoes}, {"t1", secured}, {"z1", compressed}, {"zt64", compressed},
		{"h", broadcasts}, {"r", broadcasts}, {"f", memory}, {"fz", memory}, {"a1", crowds}, {"a3", crowds}, {"sparse", crowds},
	} {
		if got := scenarioNamed(tt.id).group(); got != tt.want {
			t.Errorf("group of %s is %q, want %q", tt.id, got, tt.want)
		}
	}
}

// The chart has ours first, and the two best of the others that do the same work.
func TestChartRow(t *testing.T) {
	r := &report{Cells: []cell{
		{Scenario: "a", Peer: "ours", Ratio: stats.Quartiles{Median: 1.1}},
		{Scenario: "a", Peer: "ours-blocking", Ratio: stats.Quartiles{Median: 0.9}},
		{Scenario: "a", Peer: "tcp", Ratio: stats.Quartiles{Median: 1}},
		{Scenario: "a", Peer: "gorilla", Ratio: stats.Quartiles{Median: 1.2}},
		{Scenario: "a", Peer: "gws", Ratio: stats.Quartiles{Median: 1}},
		{Scenario: "a", Peer: "gobwas", Ratio: stats.Quartiles{Median: 0.8}, Unchecked: true},
		{Scenario: "a", Peer: "coder", Ratio: stats.Quartiles{Median: 1.1}},
		{Scenario: "a", Peer: "nbio", Err: "hangs"},
		{Scenario: "b", Peer: "gws", Ratio: stats.Quartiles{Median: 1}},
		{Scenario: "h", Peer: "ours-hub", Ratio: stats.Quartiles{Median: 0.6}},
	}}
	for _, tt := range []struct {
		id   string
		want []string
	}{
		{"a", []string{"ours", "gws", "coder"}},
		{"b", nil},
		{"h", []string{"ours-hub"}},
		{"c16", nil},
	} {
		var got []string
		for _, c := range r.chartRow(tt.id) {
			got = append(got, c.Peer)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("chartRow(%q) = %v, want %v", tt.id, got, tt.want)
		}
	}
}

// grown is the report of a race with more and more connections.
func grown() *report {
	var samples []sample
	for i, id := range []string{"a3", "a", "a1"} {
		samples = append(samples, samplesOf(id, map[string][]float64{"tcp": {10}, "ours": {8 + float64(i)}, "gws": {11}})...)
	}
	samples = append(samples, samplesOf("a", map[string][]float64{"gobwas": {9}})...)
	return newReport(samples, []scenario{scenarioNamed("a"), scenarioNamed("a1"), scenarioNamed("a3")}, 1, true)
}

func TestGrowth(t *testing.T) {
	got := fmt.Sprint(grown().curves())
	if want := "[{gws [{64 1.1} {1024 1.1} {16000 1.1}]} {ours [{64 0.9} {1024 1} {16000 0.8}]}]"; got != want {
		t.Errorf("curves() = %s, want %s", got, want)
	}
	name := filepath.Join(t.TempDir(), "growth.svg")
	if err := grown().drawGrowth(name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "16,000", "ours 0.80", "gws 1.10"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the picture has no %q", want)
		}
	}
}

// Reports of several races on the same machine become one.
func TestReadReports(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, r *report) string {
		name = filepath.Join(dir, name)
		if err := r.writeJSON(name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	other := raced()
	other.Machine.CPU = "another one"
	first, second, third := write("1.json", raced()), write("2.json", grown()), write("3.json", other)
	r, err := readReports(first + "," + second)
	if err != nil {
		t.Fatal(err)
	}
	var cells, held []string
	for _, c := range r.Cells {
		cells = append(cells, fmt.Sprintf("%s %s %.2f", c.Scenario, c.Peer, c.Ratio.Median))
	}
	for _, v := range r.Targets {
		held = append(held, fmt.Sprintf("%s %.2f", v.Scenario, v.Got))
	}
	wantCells := []string{"e2 gorilla 3.00", "f ours 0.50", "a ours 0.90", "a gws 1.10", "a tcp 1.00", "a1 ours 1.00", "a1 gws 1.10", "a1 tcp 1.00", "a3 ours 0.80", "a3 gws 1.10", "a3 tcp 1.00"}
	wantCells = slices.Insert(wantCells, 3, "a gobwas 0.00")
	if !slices.Equal(cells, wantCells) {
		t.Errorf("cells %q, want %q", cells, wantCells)
	}
	if want := []string{"f 4.46", "a 0.90"}; !slices.Equal(held[:2], want) {
		t.Errorf("targets %q, want %q first", held, want)
	}
	for _, bad := range []string{first + "," + third, filepath.Join(dir, "none.json"), filepath.Join("report_test.go")} {
		if _, err := readReports(bad); err == nil {
			t.Errorf("readReports(%s) succeeds", bad)
		}
	}
}

func TestPick(t *testing.T) {
	id := func(s scenario) string { return s.ID }
	for _, tt := range []struct {
		list, want string
		bad        bool
	}{
		{list: "", want: "s a c1 b c16 d e e2 f g h h1 q r z1 z16 z64 zt1 zt16 zt64 fz fzt t1 t32 t16k a1 a2 a3 sparse"},
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
