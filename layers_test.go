package websocket_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layer is a level of the repository. A package imports packages of lower layers, and
// those of its own top-level directory.
type layer int

const (
	layerPool layer = iota
	layerCodec
	layerTool      // internal/…: what needs no connection
	layerTransport // internal/session, internal/transport, internal/h2stream
	layerWebsocket
	layerExtension // what is made of connections: hub, h2, wsjson, …
	layerProgram   // what no package imports
)

// layerOf returns the layer of a package, by its directory in the repository.
func layerOf(dir string) layer {
	top, _, _ := strings.Cut(dir, "/")
	switch {
	case dir == ".":
		return layerWebsocket
	case top == "pool":
		return layerPool
	case top == "codec":
		return layerCodec
	case dir == "internal/testkit":
		return layerExtension
	case dir == "internal/lint", dir == "internal/stress":
		return layerProgram
	case slices.Contains([]string{"internal/session", "internal/transport", "internal/h2stream"}, dir):
		return layerTransport
	case top == "internal":
		return layerTool
	case slices.Contains([]string{"bench", "cmd", "examples", "fuzz"}, top):
		return layerProgram
	}
	return layerExtension
}

// onlyOf lists the packages that one package alone imports, with that package.
var onlyOf = map[string]string{
	"internal/session":   ".",
	"internal/transport": ".",
}

// withoutIO lists the packages that do no I/O, and what they therefore do not import.
var withoutIO = map[string][]string{
	"internal/session": {"context", "net/http", "os", "syscall"}, // net has net.Buffers
}

// mayImport reports whether the package in directory dir may import the one in imported.
func mayImport(dir, imported string) bool {
	if only, ok := onlyOf[imported]; ok && only != dir {
		return false
	}
	if layerOf(imported) < layerOf(dir) {
		return true
	}
	top, _, _ := strings.Cut(dir, "/")
	return top != "internal" && (imported == top || strings.HasPrefix(imported, top+"/"))
}

// packageImports returns the imports of the packages of all modules, on every system and
// with every build tag, by directory. Files of tests do not count.
func packageImports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	packages := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(name))
		if packages[dir] == nil {
			packages[dir] = map[string]bool{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			packages[dir][imported] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// TestImportsPointDown holds the packages of all modules to the order of the layers.
func TestImportsPointDown(t *testing.T) {
	packages := packageImports(t)
	for _, dir := range []string{".", "bench", "cmd/zerowire", "codec", "examples/chat", "hub", "hub/natsbroker"} {
		if packages[dir] == nil {
			t.Errorf("the package in %s was not found", dir)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		for _, imported := range slices.Sorted(maps.Keys(packages[dir])) {
			if slices.Contains(withoutIO[dir], imported) {
				t.Errorf("%s imports %s: it does no I/O", dir, imported)
			}
			within, ours := directoryOf(imported)
			if ours && !mayImport(dir, within) {
				t.Errorf("%s imports %s: imports point from programs through extensions, websocket, internal and codec to pool", dir, within)
			}
		}
	}
}

// directoryOf returns the directory of a package of this repository.
func directoryOf(imported string) (dir string, ours bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// TestMayImport shows arrows that are allowed and some that are not.
func TestMayImport(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"cmd/zerowire", ".", true},
		{"cmd/zerowire", "cmd/internal/load", true},
		{"cmd/zerowire", "hub/natsbroker", true},
		{"cmd/zerowire", "bench/load", false},
		{"cmd/zerowire", "internal/session", false},
		{"bench", "internal/wstest", true},
		{"examples/chat", "hub", true},
		{"hub", "examples/chat", false},
		{"hub", ".", true},
		{"hub", "codec", true},
		{"hub", "h2", false},
		{"hub", "cmd/internal/load", false},
		{"hub", "internal/transport", false},
		{"hub/natsbroker", "hub", true},
		{".", "internal/session", true},
		{".", "internal/transport", true},
		{".", "codec/deflate", true},
		{".", "hub", false},
		{".", "internal/testkit", false},
		{"internal/session", "codec", true},
		{"internal/session", "pool", true},
		{"internal/session", "internal/pipe", true},
		{"internal/session", ".", false},
		{"internal/session", "internal/transport", false},
		{"internal/transport", "internal/session", false},
		{"internal/testkit", ".", true},
		{"internal/stress", "hub", true},
		{"codec", "pool", true},
		{"codec", "codec/deflate", true}, // which TestImportArrows forbids
		{"codec", "internal/pipe", false},
		{"pool", "codec", false},
	} {
		if got := mayImport(tt.from, tt.to); got != tt.want {
			t.Errorf("mayImport(%q, %q) = %t, want %t", tt.from, tt.to, got, tt.want)
		}
	}
}
