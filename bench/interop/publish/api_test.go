package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAPI compares a tree that has lost a function and a module, and has a new module,
// with releases of a copy of it.
func TestAPI(t *testing.T) {
	r := newRepository(t, func(name string) bool {
		return slices.Contains([]string{".go", ".mod", ".sum", ".s"}, filepath.Ext(name)) && !strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(name, ".ci/")
	})
	r.commit(".ci/published", ".\nh2\n")
	r.git("tag", "v0.9.0")
	r.commit(".ci/published", ".\ngorilla\n")
	errors, err := os.ReadFile(filepath.Join(r.dir, "errors.go"))
	if err != nil {
		t.Fatal(err)
	}
	r.commit("errors.go", strings.Replace(string(errors), "\nfunc CloseStatus(", "\nfunc closeStatus(", 1))
	r.git("tag", "v1.0.0-rc.1")

	s := new(stranger)
	out := s.mustRun(t, r.dir, ".ci/api")
	for _, want := range []string{"CloseStatus: removed", "websocket/h2: no longer published", "incompatible with v0.9.0"} {
		if !strings.Contains(out, want) {
			t.Errorf("compared with v0.9.0: no %q in\n%s", want, out)
		}
	}

	r.git("tag", "v1.0.0", "v0.9.0")
	r.git("tag", "-d", "v0.9.0")
	if out, err := s.run(r.dir, ".ci/api"); err == nil || !strings.Contains(out, "CloseStatus: removed") {
		t.Errorf("compared with v1.0.0: %v, want a failure for CloseStatus\n%s", err, out)
	}
	if trees := r.git("worktree", "list"); len(trees) != 1 {
		t.Errorf("work trees are left: %q", trees)
	}
}
