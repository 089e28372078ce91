package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAPI compares trees that have lost a module, or a function, with releases of a copy of
// this one. Only the second is compared name by name.
func TestAPI(t *testing.T) {
	r := newRepository(t, func(name string) bool {
		return slices.Contains([]string{".go", ".mod", ".sum", ".s"}, filepath.Ext(name)) && !strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(name, ".ci/")
	})
	s := new(stranger)

	r.commit(".ci/published", "h2\n")
	r.git("tag", "v0.9.0")
	r.commit(".ci/published", ".\n")
	if out := s.mustRun(t, r.dir, ".ci/api"); !strings.Contains(out, "websocket/h2: no longer published") {
		t.Errorf("compared with v0.9.0: h2 is not missing in\n%s", out)
	}

	r.git("tag", "v1.0.0")
	r.commit(".ci/published", ".\ngorilla\n")
	errors, err := os.ReadFile(filepath.Join(r.dir, "errors.go"))
	if err != nil {
		t.Fatal(err)
	}
	r.commit("errors.go", strings.Replace(string(errors), "\nfunc CloseStatus(", "\nfunc closeStatus(", 1))
	r.git("tag", "v1.1.0-rc.1") // no release
	out, err := s.run(r.dir, ".ci/api")
	if err == nil || !strings.Contains(out, "incompatible with v1.0.0:\n- CloseStatus: removed") {
		t.Errorf("compared with v1.0.0: %v, want a failure for CloseStatus\n%s", err, out)
	}
	if trees := r.git("worktree", "list"); len(trees) != 1 {
		t.Errorf("work trees are left: %q", trees)
	}
}
