package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/zerowire/websocket/internal/testkit"
)

// TestMain makes this test's own binary the command zerowire in PATH, so that
// what the tests start is built as they are: with the race detector, say.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", raceOptions)
	testscript.Main(removing{m}, map[string]func(){"zerowire": main})
}

// removing removes what npm has installed when the tests have ended.
type removing struct{ *testing.M }

func (r removing) Run() int {
	defer func() { os.RemoveAll(nodeDir) }()
	return r.M.Run()
}

// raceOptions has a process that was built with the race detector end at once,
// instead of a second later.
const raceOptions = "atexit_sleep_ms=0"

// process is a running server.
type process struct {
	addr   string // where it listens
	cmd    *exec.Cmd
	stdout testkit.Output
	stderr testkit.Output
	ended  chan struct{} // closed when it has ended, with err set
	err    error
}

// listens is what zerowire prints when it listens, with where.
const listens = `(?m)^Listening on (\S+)$`

// startProcess starts a server and waits until it has printed where it listens, which
// pattern finds.
func startProcess(cmd *exec.Cmd, pattern string) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	listening, err := p.await(regexp.MustCompile(pattern))
	if err != nil {
		p.stop()
		return nil, err
	}
	p.addr = listening[1]
	return p, nil
}

// startServe starts `zerowire serve` on a free port, with further arguments.
func startServe(t *testing.T, args ...string) *process {
	t.Helper()
	p, err := startProcess(exec.Command("zerowire", append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...), listens)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	return p
}

// await waits until what the process has printed matches, and returns the match.
func (p *process) await(pattern *regexp.Regexp) ([]string, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		ended := false
		select {
		case <-p.ended:
			ended = true
		default:
		}
		if found := pattern.FindStringSubmatch(p.stdout.String() + p.stderr.String()); found != nil {
			return found, nil
		}
		if ended || time.Now().After(deadline) {
			return nil, fmt.Errorf("no match of %s (it ended: %t) from %s", pattern, ended, p)
		}
	}
}

// said is await for a test.
func (p *process) said(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := p.await(regexp.MustCompile("(?m)" + pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// stop asks the process to end, waits until it has, and returns how.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended already
	<-p.ended
	return p.err
}

func (p *process) String() string {
	return fmt.Sprintf("%s\n[stdout]\n%s[stderr]\n%s", p.cmd, &p.stdout, &p.stderr)
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
