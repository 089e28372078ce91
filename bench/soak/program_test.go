package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// program is this program as a process.
func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestExitCode(t *testing.T) {
	short := []string{"-duration", "1s", "-limit", "5s", "-timeout", "1m", "-fault", "^churn"}
	for _, tt := range []struct {
		name   string
		broken string
		args   []string
		want   int
		says   string
	}{
		{"all is well", "", short, 0, "passed: "},
		{"an echo is wrong", "a byte is flipped", short, exitFailed, "FAILED: "},
		{"an argument", "", []string{"everything"}, exitUsage, "flags only"},
		{"no time at all", "", []string{"-duration", "0s"}, exitUsage, "times above zero"},
		{"an expression that is none", "", []string{"-fault", "("}, exitFailed, "missing closing )"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := program(tt.args...)
			cmd.Env = append(cmd.Env, brokenBy+"="+tt.broken)
			out, err := cmd.CombinedOutput()
			if got := exitCode(t, err); got != tt.want || !strings.Contains(string(out), tt.says) {
				t.Errorf("exit code %d, want %d, and %q in\n%s", got, tt.want, tt.says, out)
			}
		})
	}
}

// TestInterrupt sends what Ctrl-C does when the first fault is told: the run comes to its
// end, with the tables.
func TestInterrupt(t *testing.T) {
	cmd := program("-duration", "1h", "-limit", "5s", "-timeout", "1m", "-v")
	var out bytes.Buffer
	cmd.Stdout = &out
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	late := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewScanner(log)
	if !lines.Scan() || !strings.Contains(lines.Text(), "survived") {
		t.Fatalf("the log begins with %q", lines.Text())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if got := exitCode(t, cmd.Wait()); got != exitInterrupted || !strings.Contains(out.String(), "ended early") || !strings.Contains(out.String(), "0 B lost") {
		t.Errorf("exit code %d, want %d, and a table in\n%s", got, exitInterrupted, &out)
	}
}
