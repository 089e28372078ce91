package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNamedTestsExist: each test, benchmark and fuzz target that a document names exists.
func TestNamedTestsExist(t *testing.T) {
	defined := map[string]bool{}
	named := map[string][]string{} // by document
	definition := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)
	name := regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z0-9]\\w+)`")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist") {
			return fs.SkipDir
		}
		document, test := strings.HasSuffix(path, ".md"), strings.HasSuffix(path, "_test.go")
		if d.IsDir() || !document && !test {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if test {
			for _, found := range definition.FindAllSubmatch(content, -1) {
				defined[string(found[1])] = true
			}
			return nil
		}
		for _, found := range name.FindAllSubmatch(content, -1) {
			named[path] = append(named[path], string(found[1]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named[filepath.Join(root, "README.md")]) == 0 {
		t.Error("README.md names no test")
	}
	for document, names := range named {
		for _, name := range names {
			if !defined[name] {
				t.Errorf("%s names %s, which does not exist", document, name)
			}
		}
	}
}

// TestNamedVersionsAreCompared: a version of another library that a document names is the
// one that bench compares with.
func TestNamedVersionsAreCompared(t *testing.T) {
	required, err := os.ReadFile(filepath.Join(root, "bench/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := 0
	for path, text := range documents(t) {
		for _, found := range regexp.MustCompile(`\[\w+ ([\d.]+)\]\(https://pkg\.go\.dev/(\S+)@v([\d.]+)\)`).FindAllStringSubmatch(string(text), -1) {
			versions++
			if want := found[2] + " v" + found[1] + "\n"; found[1] != found[3] || !strings.Contains(string(required), want) {
				t.Errorf("%s: %s: bench/go.mod requires another version", path, found[0])
			}
		}
	}
	if versions == 0 {
		t.Error("no document names a version")
	}
}
