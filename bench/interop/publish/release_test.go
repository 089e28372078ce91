package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestRelease makes releases of copies of the tree, in which the run of all tests is
// replaced by a command that passes or fails at once. Binaries are built for this system
// alone.
func TestRelease(t *testing.T) {
	const version = "v0.3.0"
	for _, tt := range []struct {
		name    string
		version string
		change  map[string]string // files to write before
		tag     string            // tag that exists before
		dirty   bool              // change is not committed
		want    string            // in the refusal; "" if it succeeds
	}{
		{name: "all in order", version: version},
		{name: "no version", version: "0.3.0", want: "not a version"},
		{name: "major version of another module path", version: "v2.0.0", want: "not a version"},
		{name: "not in the changelog", version: "v0.4.0", want: "CHANGELOG.md has no section"},
		{name: "changes that are not committed", version: version, change: map[string]string{"new.go": "package websocket\n"}, dirty: true, want: "not committed"},
		{name: "a tag of a nested module exists", version: version, tag: "cmd/v0.3.0", want: "tag cmd/v0.3.0 exists"},
		{name: "a replace", version: version, change: map[string]string{"gorilla/go.mod": "module github.com/zerowire/websocket/gorilla\n\ngo 1.26.0\n\nreplace github.com/zerowire/websocket => ../\n"}, want: "cannot be published"},
		{name: "tests fail", version: version, change: map[string]string{".ci/run": "exit 1\n"}, want: "the tests fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			without := []string{"fuzz/testdata", "docs"}
			if tt.want != "" {
				without = append(without, "internal") // not read before a refusal
			}
			dir := copyTree(t, without...)
			git := func(args ...string) []string {
				t.Helper()
				lines, err := gitLines(dir, args...)
				if err != nil {
					t.Fatal(err)
				}
				return lines
			}
			git("config", "user.name", "Release")
			git("config", "user.email", "release@example.com")
			writeFile(t, filepath.Join(dir, "CHANGELOG.md"), "# Changelog\n\n## "+version+"\n")
			writeFile(t, filepath.Join(dir, ".ci/run"), "exit 0\n")
			if tt.dirty {
				git("add", "-A")
				git("commit", "-qm", "before")
			}
			for name, content := range tt.change {
				writeFile(t, filepath.Join(dir, name), content)
			}
			if !tt.dirty {
				git("add", "-A")
				git("commit", "-qm", "before")
			}
			if tt.tag != "" {
				git("tag", tt.tag)
			}
			before, tags := git("rev-parse", "HEAD"), git("tag")

			s := stranger{env: []string{"TARGETS=" + runtime.GOOS + "/" + runtime.GOARCH}}
			out, err := s.run(dir, ".ci/release", tt.version)
			if tt.want != "" {
				if err == nil || !strings.Contains(out, tt.want) {
					t.Errorf("release %s: %v, want %q in\n%s", tt.version, err, tt.want, out)
				}
				if !slices.Equal(git("rev-parse", "HEAD"), before) || !slices.Equal(git("tag"), tags) {
					t.Error("a refused release left a commit or a tag")
				}
				return
			}
			if err != nil {
				t.Fatalf("release %s: %v\n%s", tt.version, err, out)
			}
			want := []string{"cmd/v0.3.0", "gorilla/v0.3.0", "h2/v0.3.0", "hub/natsbroker/v0.3.0", "v0.3.0"}
			if got := git("tag"); !slices.Equal(got, want) {
				t.Errorf("tags %q, want %q", got, want)
			}
			mod, err := os.ReadFile(filepath.Join(dir, "cmd/go.mod"))
			if err != nil || strings.Count(string(mod), version) != 3 {
				t.Errorf("cmd/go.mod does not require three modules at %s: %v", version, err)
			}
			s.wantBinaries(t, dir, version)
		})
	}
}

// wantBinaries checks the archives that a release of dir has left, runs what is in them,
// and builds them a second time.
func (s *stranger) wantBinaries(t *testing.T, dir, version string) {
	dist := filepath.Join(dir, "dist", version)
	s.mustRun(t, dist, "sha256sum", "--strict", "--check", "SHA256SUMS")
	name := "zerowire_" + strings.TrimPrefix(version, "v") + "_" + runtime.GOOS + "_" + runtime.GOARCH
	s.mustRun(t, dist, "tar", "-xzf", name+".tar.gz")
	if _, err := os.Stat(filepath.Join(dist, name, "LICENSE")); err != nil {
		t.Errorf("the archive has no license: %v", err)
	}
	got := s.mustRun(t, dist, filepath.Join(dist, name, "zerowire"), "--version")
	if want := "zerowire " + version + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n"; got != want {
		t.Errorf("zerowire --version prints %q, want %q", got, want)
	}

	again := t.TempDir()
	s.mustRun(t, dir, ".ci/binaries", version, again)
	var sums [2]string
	for i, dir := range []string{dist, again} {
		content, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = string(content)
	}
	if sums[0] != sums[1] {
		t.Errorf("built twice, the same tree makes different archives:\n%s%s", sums[0], sums[1])
	}
}
