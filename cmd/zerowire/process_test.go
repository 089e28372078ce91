package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// zerowire is the command, built once for all tests.
var zerowire string // its path

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zerowire")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	zerowire = filepath.Join(dir, "zerowire")
	if out, err := exec.Command("go", "build", "-o", zerowire, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// process is a running `zerowire serve`.
type process struct {
	addr   string // where it listens
	cmd    *exec.Cmd
	stderr bytes.Buffer // to be read after stop
	err    error        // how it ended
	ended  bool
}

// startServe starts `zerowire serve` on a free port, with further arguments.
func startServe(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(zerowire, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "Listening on ")
	if !ok {
		p.stop()
		t.Fatalf("zerowire serve: first line of stdout is %q (%v), want %q; stderr:\n%s", line, err, "Listening on ADDR", &p.stderr)
	}
	p.addr = addr
	return p
}

// stop asks the process to end, waits until it has, and returns how.
func (p *process) stop() error {
	if !p.ended {
		p.ended = true
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended already
		p.err = p.cmd.Wait()
	}
	return p.err
}

// need fails the test in CI, and skips it elsewhere, if err says that a program
// which it drives is missing.
func need(t *testing.T, err error, install string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%v: install it with %s", err, install)
	default:
		t.Skipf("%v: install it with %s", err, install)
	}
}
