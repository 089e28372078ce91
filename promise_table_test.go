package websocket_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zerowire/websocket/internal/wstest"
)

// testFunctions returns the names of all test and fuzz functions of this module, with
// their packages' directories.
func testFunctions(t *testing.T) map[string]string {
	t.Helper()
	functions := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != "." && (err == nil || strings.HasPrefix(entry.Name(), ".")) {
				return filepath.SkipDir // another module
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && regexp.MustCompile(`^(Test|Fuzz)[A-Z]`).MatchString(f.Name.Name) {
				functions[f.Name.Name] = filepath.Dir(path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return functions
}

// namedTests returns the test and fuzz functions that a document names in backquotes.
func namedTests(t *testing.T, document string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`").FindAllSubmatch(text, -1) {
		named[string(match[1])] = true
	}
	return named
}

// TestPromisesAreTheDocument holds docs/promises.md to the code: each promise has a test of
// its number, every test that it names exists where its commands look, and every
// TestPromise is in it, in the row of its number.
func TestPromisesAreTheDocument(t *testing.T) {
	functions := testFunctions(t)
	text, err := os.ReadFile("docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([0-9]+) \|.*$`).FindAllStringSubmatch(string(text), -1) {
		number, _ := strconv.Atoi(row[1])
		if rows[number] != "" {
			t.Errorf("promise %d is there twice", number)
		}
		rows[number] = row[0]
	}
	all := maps.Clone(rows)
	for number := 1; number <= 31; number++ {
		prefix := fmt.Sprintf("TestPromise%02d", number)
		if !strings.Contains(rows[number], "`"+prefix) {
			t.Errorf("promise %d names no test that is called %s…", number, prefix)
		}
		delete(rows, number)
	}
	for number, row := range rows {
		t.Errorf("there is no promise %d: %s", number, row)
	}
	for name := range namedTests(t, "docs/promises.md") {
		dir, ok := functions[name]
		if !ok {
			t.Errorf("docs/promises.md names %s, which does not exist", name)
		}
		if strings.HasPrefix(name, "TestPromise") && dir != "." && dir != "internal/stress" && !strings.HasPrefix(dir, "codec") {
			t.Errorf("%s is in %s, where the commands of docs/promises.md do not look", name, dir)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if !strings.HasPrefix(name, "TestPromise") || name == "TestPromisesAreTheDocument" {
			continue
		}
		var number int
		fmt.Sscanf(name, "TestPromise%02d", &number)
		if !strings.Contains(all[number], "`"+name+"`") {
			t.Errorf("%s is not in the row of promise %d of docs/promises.md", name, number)
		}
	}
}

// TestSecurityNamesTests: each threat of SECURITY.md has tests that exist.
func TestSecurityNamesTests(t *testing.T) {
	functions := testFunctions(t)
	for name := range namedTests(t, "SECURITY.md") {
		if _, ok := functions[name]; !ok {
			t.Errorf("SECURITY.md names %s, which does not exist", name)
		}
	}
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, threats, _ := strings.Cut(string(text), "\n## Threats\n")
	rows := regexp.MustCompile(`(?m)^\| .*\|$`).FindAllString(threats, -1)
	if len(rows) < 30 {
		t.Errorf("SECURITY.md has %d rows of threats", len(rows))
	}
	for _, row := range rows[1:] {
		if !strings.Contains(row, "`Test") {
			t.Errorf("the threat has no test: %s", row)
		}
	}
}

// TestPromise31CIChecksIt: what the promise names is a step of CI, no case of the suite is
// left out, and no test skips itself.
func TestPromise31CIChecksIt(t *testing.T) {
	script, err := os.ReadFile(".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{
		"bash .ci/coverage", "go test work", "go test -race", "-tags purego", "-tags poison", "GOARCH=386 go test", "emulate s390x s390x", "emulate arm64 aarch64",
		"go vet work", "./fuzz",
	} {
		if !strings.Contains(string(script), step) {
			t.Errorf(".ci/run does not run %q", step)
		}
	}
	coverage, err := os.ReadFile(".ci/coverage")
	if err != nil || !strings.Contains(string(coverage), "exceptions=()") {
		t.Errorf(".ci/coverage has exceptions, %v: docs/promises.md says that it has none", err)
	}
	if got := len(wstest.Cases()); got != 301 {
		t.Errorf("the suite has %d cases in the groups 1 to 10, want 301", got)
	}
	for _, group := range []string{"1", "2", "3", "4", "5", "6", "6.4", "7", "9", "10"} {
		if len(wstest.Cases(group)) == 0 {
			t.Errorf("the suite has no cases %s", group)
		}
	}
}
