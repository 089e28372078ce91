package differential

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeHasTheTable compares the table of differences with the one in the README,
// line by line.
func TestReadmeHasTheTable(t *testing.T) {
	readme, err := os.ReadFile("../../fuzz/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Differences\n")
	if !found {
		t.Fatal("../../fuzz/README.md has no section Differences")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var got []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{"| library | what it does | why we do not | rule |", "|---|---|---|---|"}
	for _, c := range differences {
		want = append(want, "| "+strings.Join([]string{strings.Join(c.libraries, ", "), c.what, c.why, c.rule}, " | ")+" |")
	}
	for i := range max(len(got), len(want)) {
		var have, need string
		if i < len(got) {
			have = got[i]
		}
		if i < len(want) {
			need = want[i]
		}
		if have != need {
			t.Errorf("line %d of the table in ../../fuzz/README.md is\n %s\nwant\n %s", i+1, have, need)
		}
	}
}
