package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// startNode starts Node with the ws of testdata/node.
func startNode(t *testing.T) library {
	node, dir := installNode(t)
	return startProgram(t, node, filepath.Join(dir, "peer.js"))
}

// installNode has npm install what testdata/node needs, for this test alone, and returns
// Node's path and the directory.
func installNode(t *testing.T) (node, dir string) {
	t.Helper()
	node, err := exec.LookPath("node")
	need(t, err, "apt-get install nodejs")
	npm, err := exec.LookPath("npm")
	need(t, err, "apt-get install npm")
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		t.Fatalf("os.CopyFS: %v", err)
	}
	install := exec.Command(npm, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		need(t, fmt.Errorf("%v: %w\n%s", install.Args, err, out), "a network on which npm finds its registry")
	}
	return node, dir
}
