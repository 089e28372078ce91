package main

import (
	"cmp"
	"maps"
	"os"
	"path"
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
	const section = "# Changelog\n\n## " + version + "\n\n- New.\n"
	tests := func(script string) func(*repository) {
		return func(r *repository) { r.commit(".ci/run", script) }
	}
	for _, tt := range []struct {
		name    string
		version string // if it is not v0.3.0
		before  func(r *repository)
		want    string // in the refusal
	}{
		{name: "no version", version: "0.3.0", want: "not a version"},
		{name: "no canonical version", version: "v0.03.0", want: "not a version"},
		{name: "major version of another module path", version: "v2.0.0", want: "not a version"},
		{name: "not in the changelog", version: "v0.4.0", want: `CHANGELOG.md is "## v0.3.0", not "## v0.4.0"`},
		{
			name:   "only a pre-release of it in the changelog",
			before: func(r *repository) { r.commit("CHANGELOG.md", "## v0.3.0-rc.1\n\n- New.\n") },
			want:   `CHANGELOG.md is "## v0.3.0-rc.1"`,
		},
		{
			name:   "not the top section of the changelog",
			before: func(r *repository) { r.commit("CHANGELOG.md", "## Unreleased\n\n- New.\n\n"+section) },
			want:   `CHANGELOG.md is "## Unreleased"`,
		},
		{
			name:   "an empty section in the changelog",
			before: func(r *repository) { r.commit("CHANGELOG.md", "## v0.3.0\n\n## v0.2.0\n\n- Old.\n") },
			want:   "is empty",
		},
		{
			name:   "changes that are not committed",
			before: func(r *repository) { writeFile(t, filepath.Join(r.dir, "new.go"), "package websocket\n") },
			want:   "not committed",
		},
		{
			name:   "a tag of a nested module exists",
			before: func(r *repository) { r.git("tag", "cmd/v0.3.0") },
			want:   "tag cmd/v0.3.0 exists",
		},
		{
			name: "a tag exists at origin",
			before: func(r *repository) {
				r.git("tag", "h2/v0.3.0")
				r.git("push", "-q", "origin", "h2/v0.3.0")
				r.git("tag", "-d", "h2/v0.3.0")
			},
			want: "tag h2/v0.3.0 exists",
		},
		{
			name:   "not later than the last release",
			before: func(r *repository) { r.git("tag", "v0.10.0") },
			want:   "not later than the last release, v0.10.0",
		},
		{
			name:    "a pre-release of a release",
			version: "v0.3.0-rc.2",
			before: func(r *repository) {
				r.git("tag", version)
				r.commit("CHANGELOG.md", "## v0.3.0-rc.2\n\n- New.\n")
			},
			want: "not later than the last release, v0.3.0",
		},
		{
			name: "commits of origin are missing",
			before: func(r *repository) {
				r.commit("new.go", "package websocket\n")
				r.git("push", "-q", "origin", "HEAD:main")
				r.git("reset", "-q", "--hard", "HEAD~1")
			},
			want: "rebase",
		},
		{
			name: "a replace",
			before: func(r *repository) {
				r.commit("gorilla/go.mod", "module github.com/zerowire/websocket/gorilla\n\ngo 1.26.0\n\nreplace github.com/zerowire/websocket => ../\n")
			},
			want: "cannot be published",
		},
		{
			name:   "a module is published before one that it requires",
			before: func(r *repository) { r.commit(".ci/published", "cmd\n.\nh2\nhub/natsbroker\ngorilla\n") },
			want:   "does not list before it",
		},
		{name: "tests fail", before: tests("exit 1\n"), want: "the tests fail"},
		{name: "a file changes during the tests", before: tests("echo more >>LICENSE\n"), want: "has changed during the tests"},
		{name: "terminated", before: tests("kill -TERM $PPID\n"), want: "nothing is committed or tagged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepository(t, isOfRelease)
			r.commit("CHANGELOG.md", section)
			if tt.before != nil {
				tt.before(r)
			}
			head, tags := r.git("rev-parse", "HEAD"), r.tags()
			out, err := new(stranger).run(r.dir, ".ci/release", cmp.Or(tt.version, version))
			if err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("release: %v, want %q in\n%s", err, tt.want, out)
			}
			if !slices.Equal(r.git("rev-parse", "HEAD"), head) || r.tags() != tags {
				t.Error("a refused release left a commit or a tag")
			}
			if edited := strings.Join(r.git("diff", "--name-only"), " "); edited != "" && edited != "LICENSE" {
				t.Errorf("a refused release left changes of %s", edited)
			}
		})
	}

	t.Run("all in order", func(t *testing.T) {
		r := newRepository(t, func(name string) bool {
			return !strings.HasPrefix(name, "fuzz/testdata/") && !strings.HasPrefix(name, "docs/")
		})
		r.commit("CHANGELOG.md", section)
		r.git("tag", "v0.2.9")
		r.git("tag", "v0.3.0-rc.1")
		s := stranger{env: []string{"TARGETS=" + runtime.GOOS + "/" + runtime.GOARCH}}
		out := s.mustRun(t, r.dir, ".ci/release", version)
		mod, err := os.ReadFile(filepath.Join(r.dir, "cmd/go.mod"))
		if err != nil || strings.Count(string(mod), version) != 3 {
			t.Errorf("cmd/go.mod does not require three modules at %s: %v", version, err)
		}
		r.wantPushed(out, version)
		s.wantBinaries(t, r.dir, version)
	})
}

// isOfRelease reports whether a release reads the file before it builds the binaries.
func isOfRelease(name string) bool {
	return strings.HasPrefix(name, ".ci/") || strings.HasPrefix(name, "bench/interop/publish/") ||
		strings.HasPrefix(path.Base(name), "go.") || name == "LICENSE" || name == "bench/httparena/Dockerfile"
}

// repository is a copy of the tree with a branch main at its origin.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T, keep func(name string) bool) *repository {
	r := &repository{t, copyFiles(t, keep)}
	r.git("config", "user.name", "Release")
	r.git("config", "user.email", "release@example.com")
	r.commit(".ci/run", "exit 0\n")
	origin := t.TempDir()
	r.git("init", "-q", "--bare", origin)
	r.git("remote", "add", "origin", origin)
	r.git("push", "-q", "origin", "HEAD:refs/heads/main")
	return r
}

// git returns the lines that a git command prints.
func (r *repository) git(args ...string) []string {
	r.t.Helper()
	lines, err := gitLines(r.dir, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return lines
}

// tags returns the tags that a release makes, without that of h2, which a case fetches.
func (r *repository) tags() string {
	return strings.Join(r.git("tag", "--list", "v*", "hub/*", "gorilla/*", "cmd/*"), " ")
}

// commit commits everything, after it has written a file.
func (r *repository) commit(name, content string) {
	r.t.Helper()
	writeFile(r.t, filepath.Join(r.dir, name), content)
	r.git("add", "-A")
	r.git("commit", "-qm", name)
}

// wantPushed runs the commands that a release has printed, and checks that origin then
// has its commit and tags. GitHub starts no workflow for a push of more than three tags.
func (r *repository) wantPushed(out, version string) {
	r.t.Helper()
	for line := range strings.Lines(out) {
		command, ok := strings.CutPrefix(line, "\tgit push ")
		if !ok {
			continue
		}
		args := strings.Fields(command)
		r.git(append([]string{"push", "-q"}, args...)...)
		if slices.Contains(args, version) && len(args) != 4 { // --atomic origin HEAD:main VERSION
			r.t.Errorf("git push %s: the tag that the workflow waits for is not alone", strings.Join(args, " "))
		}
	}
	got := map[string]string{}
	for _, line := range r.git("ls-remote", "origin") {
		hash, name, _ := strings.Cut(line, "\t")
		got[name] = hash
	}
	head := r.git("rev-parse", "HEAD")[0]
	want := map[string]string{"refs/heads/main": head}
	for _, tag := range []string{"", "h2/", "hub/natsbroker/", "gorilla/", "cmd/"} {
		want["refs/tags/"+tag+version+"^{}"] = head
	}
	maps.DeleteFunc(got, func(name, _ string) bool {
		return name == "HEAD" || strings.HasPrefix(name, "refs/tags/") && !strings.HasSuffix(name, "^{}")
	})
	if !maps.Equal(got, want) {
		r.t.Errorf("origin has %v, want %v", got, want)
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
