package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// nodeModules returns the directory node_modules of testdata/node, which npm installs
// for the tests of this process.
func nodeModules(t *testing.T) string {
	t.Helper()
	dir, err := installNode()
	if err != nil {
		need(t, err, "apt-get install nodejs npm, and a network on which npm finds its registry")
	}
	return filepath.Join(dir, "node_modules")
}

// nodeDir is where installNode has installed to. TestMain removes it.
var nodeDir string

var installNode = sync.OnceValues(func() (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", err
	}
	if nodeDir, err = os.MkdirTemp("", "zerowire-node"); err != nil {
		return "", err
	}
	if err := os.CopyFS(nodeDir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		return "", err
	}
	install := exec.Command(npm, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = nodeDir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", install.Args, err, out)
	}
	return nodeDir, nil
})

// TestBenchAgainstNode has bench send messages of its own to a server of npm's ws, which
// answers each with another one, behind one that is no answer.
func TestBenchAgainstNode(t *testing.T) {
	t.Parallel()
	server := exec.Command("node", filepath.Join(filepath.Dir(nodeModules(t)), "orders.js"))
	p, err := startProcess(server, listens)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	bench := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("zerowire", append([]string{"bench"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("bench %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	out := bench("-c", "4", "-n", "300", "--pipeline", "3", "--limit", "p99=20s",
		"--send", `{"order": {{.N}}, "by": {{.Connection}}, "note": "{{random 6}}"}`, "--expect", `/"done":\d+/`, "ws://"+p.addr+"/orders")
	for _, want := range []string{"no errors", "limit", "kept"} {
		if !strings.Contains(out, want) {
			t.Errorf("bench prints\n%s\nwant %q in it", out, want)
		}
	}
	p.said(t, `^300 orders by 4, from 0 to 299$`)
	if out := bench("-c", "2", "-n", "40", "--receive", "--json", "-", "ws://"+p.addr+"/ticks"); !strings.Contains(out, `"received": 40,`) {
		t.Errorf("bench --receive prints\n%s\nwant 40 received", out)
	}
}
