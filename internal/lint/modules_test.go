package lint

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestModulesAreListed: go.work and dependabot have the directory of every go.mod file.
func TestModulesAreListed(t *testing.T) {
	var want []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if err != nil || entry.Name() != "go.mod" {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		want = append(want, path.Join("/", filepath.ToSlash(dir)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	for _, tt := range []struct {
		file, pattern string
	}{
		{"go.work", `(?m)^\t(\.\S*)$`},
		{".github/dependabot.yml", `(?m)^      - (/\S*)$`},
	} {
		content, err := os.ReadFile(filepath.Join(root, tt.file))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, dir := range regexp.MustCompile(tt.pattern).FindAllSubmatch(content, -1) {
			got = append(got, path.Join("/", string(dir[1])))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %q, want %q", tt.file, got, want)
		}
	}
}
