//go:build !race

package apps

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	theirs = "github.com/gorilla/websocket"
	ours   = "github.com/zerowire/websocket/gorilla"
	root   = "github.com/zerowire/websocket"
)

// application is a module that uses gorilla/websocket.
type application struct {
	module, version string
	packages        []string // whose tests are run
	flags           []string // of go test: tests that fail or hang with gorilla/websocket too are skipped
	least           int      // how many tests pass with gorilla/websocket, at least
}

var applications = []application{
	{"github.com/olahol/melody", "v1.1.4", []string{"."}, []string{"-skip=^(TestBroadcast|TestClose|TestLen)$"}, 17},
	{"github.com/sourcegraph/jsonrpc2", "v0.2.3", []string{"./..."}, nil, 50},
	{"github.com/mochi-mqtt/server/v2", "v2.7.9", []string{"./listeners"}, nil, 70},
	{"github.com/googollee/go-socket.io", "v1.7.0", []string{"./engineio/..."}, []string{"-skip=^TestEngineUpgrade$"}, 46},
	{"github.com/slack-go/slack", "v0.35.0", []string{"./slacktest"}, nil, 10},
	{"k8s.io/client-go", "v0.37.2", []string{"./transport/websocket", "./tools/remotecommand"}, nil, 39},
}

// TestApplications: as many tests pass after a replace line in go.mod as before it,
// and the same ones.
func TestApplications(t *testing.T) {
	for _, app := range applications {
		t.Run(strings.ReplaceAll(app.module, "/", "_"), func(t *testing.T) {
			dir := fetch(t, app)
			before := run(t, dir, app, func(passed map[string]bool) bool { return len(passed) >= app.least })
			if len(before) < app.least {
				t.Errorf("with gorilla/websocket %d tests pass, want %d or more", len(before), app.least)
			}
			edit(t, dir, "-replace="+theirs+"="+checkout(t, "gorilla"), "-replace="+root+"="+checkout(t, "."))
			compare(t, before, run(t, dir, app, all(before)), 1)
		})
	}
}

// TestImportLine moves an application by its import lines.
func TestImportLine(t *testing.T) {
	app := applications[1]
	dir := fetch(t, app)
	before := run(t, dir, app, func(passed map[string]bool) bool { return len(passed) >= app.least })
	lines := reimport(t, dir)
	edit(t, dir, "-require="+ours+"@v0.1.0", "-require="+root+"@v0.1.0",
		"-replace="+ours+"="+checkout(t, "gorilla"), "-replace="+root+"="+checkout(t, "."))
	compare(t, before, run(t, dir, app, all(before)), lines)
}

// compare compares the tests that pass before and after, by name.
func compare(t *testing.T, before, after map[string]bool, lines int) {
	t.Helper()
	t.Logf("tests that pass: %d before, %d after; lines changed: %d", len(before), len(after), lines)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if !after[name] {
			t.Errorf("%s passes with gorilla/websocket, and fails with %s", name, ours)
		}
	}
}

// checkout returns a directory of this repository.
func checkout(t *testing.T, dir string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../..", dir))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// fetch copies the application's module to a directory of its own.
func fetch(t *testing.T, app application) (dir string) {
	t.Helper()
	var download struct{ Dir, Error string }
	out := command(t, t.TempDir(), "mod", "download", "-json", app.module+"@"+app.version)
	if err := json.Unmarshal(out, &download); err != nil || download.Dir == "" {
		t.Fatalf("go mod download %s: %v %s", app.module, err, download.Error)
	}
	dir = filepath.Join(t.TempDir(), "module")
	if err := os.CopyFS(dir, os.DirFS(download.Dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// command runs go in dir, outside of this repository's workspace, and returns what it
// prints.
func command(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -trimpath -vet=off")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Logf("go %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
	} else if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func edit(t *testing.T, dir string, changes ...string) {
	t.Helper()
	command(t, dir, append([]string{"mod", "edit"}, changes...)...)
}

// attempts is how many times an application's tests are run: some of them depend on
// the speed of the machine, with gorilla/websocket too.
const attempts = 3

// run runs the application's tests until enough of them have passed, and returns the
// names of those that have.
func run(t *testing.T, dir string, app application, enough func(passed map[string]bool) bool) (passed map[string]bool) {
	t.Helper()
	passed = map[string]bool{}
	for range attempts {
		if runOnce(t, dir, app, passed); enough(passed) {
			break
		}
	}
	return passed
}

// all reports whether all tests of before have passed.
func all(before map[string]bool) func(passed map[string]bool) bool {
	return func(passed map[string]bool) bool {
		for name := range before {
			if !passed[name] {
				return false
			}
		}
		return true
	}
}

// runOnce runs the application's tests and adds those that pass to passed.
func runOnce(t *testing.T, dir string, app application, passed map[string]bool) {
	t.Helper()
	args := append([]string{"test", "-json", "-count=1", "-timeout=30s"}, app.flags...)
	out := command(t, dir, append(args, app.packages...)...)
	for line := range strings.Lines(string(out)) {
		var event struct{ Action, Package, Test, Output string }
		if json.Unmarshal([]byte(line), &event) != nil {
			continue
		}
		switch {
		case event.Action == "pass" && event.Test != "":
			passed[event.Package+" "+event.Test] = true
		case event.Action == "build-output" || event.Action == "fail":
			t.Logf("%s %s: %s%s", event.Package, event.Test, event.Action, event.Output)
		}
	}
}

// reimport replaces the import path in all files, and returns how many lines that are.
func reimport(t *testing.T, dir string) (lines int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n := strings.Count(string(source), `"`+theirs+`"`)
		if n == 0 {
			return nil
		}
		lines += n
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(source), `"`+theirs+`"`, `"`+ours+`"`)), 0o644)
	})
	if err != nil || lines == 0 {
		t.Fatalf("no import was replaced: %v", err)
	}
	return lines
}
