package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stranger is a user of the published modules: a directory outside of the repository,
// and the go command with a proxy that has them. The module cache is that of this
// machine, for the modules of others.
type stranger struct {
	version    string
	dir        string
	repository string // a copy of the tree, at version
	env        []string
}

// newStranger publishes a copy of the tree under a version of its own. Everything of
// it leaves the module cache when the test ends.
func newStranger(t *testing.T) *stranger {
	s := &stranger{version: fmt.Sprintf("v0.1.0-test.%d", time.Now().UnixNano()), dir: t.TempDir()}
	proxy := t.TempDir()
	s.repository = copyTree(t)
	s.mustRun(t, s.repository, ".ci/versions", s.version)
	copied, err := openTree(s.repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.publishAll(s.version, proxy); err != nil {
		t.Fatal(err)
	}
	cache := strings.TrimSpace(s.mustRun(t, ".", "go", "env", "GOMODCACHE"))
	upstream := strings.TrimSpace(s.mustRun(t, ".", "go", "env", "GOPROXY"))
	t.Cleanup(func() {
		for _, dir := range copied.published {
			os.RemoveAll(filepath.Join(cache, modulePath(dir)+"@"+s.version))
			downloads, _ := filepath.Glob(filepath.Join(cache, "cache/download", modulePath(dir), "@v", s.version+".*"))
			for _, name := range downloads {
				os.Remove(name)
			}
		}
	})
	s.env = []string{
		"GOWORK=off",
		"GOFLAGS=-modcacherw -trimpath",
		"GOPROXY=file://" + proxy + "," + upstream,
		"GODEBUG=http2xconnect=1", // net/http accepts WebSockets over HTTP/2
		"GONOSUMDB=" + filepath.Dir(root),
		"GOBIN=" + filepath.Join(s.dir, "bin"),
	}
	return s
}

// run runs a command in dir and returns what it prints.
func (s *stranger) run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	if strings.Contains(name, "/") && !filepath.IsAbs(name) {
		cmd.Path = filepath.Join(dir, name)
	}
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *stranger) mustRun(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := s.run(dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// module makes an empty module.
func (s *stranger) module(t *testing.T) string {
	dir := t.TempDir()
	s.mustRun(t, dir, "go", "mod", "init", "example.com/program")
	return dir
}

// program makes a module of a program in testdata, with old replaced by new.
func (s *stranger) program(t *testing.T, name, old, new string) string {
	source, err := os.ReadFile(filepath.Join("testdata", name, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := s.module(t)
	writeFile(t, filepath.Join(dir, "main.go"), strings.ReplaceAll(string(source), old, new))
	return dir
}

// copyTree returns a copy of the files that git tracks, as a repository of its own.
func copyTree(t *testing.T) string {
	return copyFiles(t, func(string) bool { return true })
}

// copyFiles returns a copy of the files that git tracks and that keep reports, as a
// repository of its own.
func copyFiles(t *testing.T, keep func(name string) bool) string {
	original, err := openTree(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range original.files {
		if !keep(name) {
			continue
		}
		content, err := os.ReadFile(original.path(name))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(original.path(name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}} {
		if _, err := gitLines(dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// freeAddr returns a loopback address that nothing listens on.
func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
