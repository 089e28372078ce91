package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// link matches a link in a document, with its target.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// quoted matches the blocks and spans of code in a document.
var quoted = regexp.MustCompile("(?s)```.*?```|`[^`]*`")

// heading matches a heading of a document.
var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// anchors returns the fragments by which links reach the headings of a document, as GitHub
// makes them: lower case, without punctuation, with hyphens for spaces.
func anchors(t *testing.T, document string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range heading.FindAllSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAll(text, nil), -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(string(match[1])), "")
		found = append(found, strings.ReplaceAll(kept, " ", "-"))
	}
	return found
}

// TestLinksLeadToFiles follows the links of all documents to files of the repository, and
// to headings in documents.
func TestLinksLeadToFiles(t *testing.T) {
	links := 0
	for path, text := range documents(t) {
		for _, match := range link.FindAllSubmatch(quoted.ReplaceAll(text, nil), -1) {
			target, fragment, _ := strings.Cut(string(match[1]), "#")
			if strings.Contains(target, "://") {
				continue
			}
			links++
			file := filepath.Join(root, path)
			if target != "" {
				file = filepath.Join(root, filepath.Dir(path), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link to %s: %v", path, match[1], err)
			} else if fragment != "" && !slices.Contains(anchors(t, file), fragment) {
				t.Errorf("%s: the link to %s: no such heading", path, match[1])
			}
		}
	}
	if links < 50 {
		t.Errorf("%d links were followed, want those of all documents", links)
	}
}

// TestExamplesAreListed compares the programs in examples with its README.
func TestExamplesAreListed(t *testing.T) {
	examples := filepath.Join(root, "examples")
	readme, err := os.ReadFile(filepath.Join(examples, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := 0
	err = filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "main.go" {
			return err
		}
		programs++
		path, err = filepath.Rel(examples, path)
		if err == nil && !strings.Contains(string(readme), "]("+filepath.ToSlash(path)+")") {
			t.Errorf("examples/README.md has no link to %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if programs == 0 {
		t.Error("there are no programs")
	}
}
