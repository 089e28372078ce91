//go:build unix

package connect

import (
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"
)

// The size of the terminals in the tests.
const (
	columns = 90
	rows    = 12
)

// terminal is `zerowire connect` at a terminal of its own: a process behind a pty,
// and an emulator of what is seen on the screen.
type terminal struct {
	cmd    *exec.Cmd
	keys   *os.File    // the side of the pty at which somebody sits
	tty    *os.File    // the side that the process has
	before *term.State // of the terminal, before the process
	ended  chan error

	mu      sync.Mutex
	screen  vt10x.Terminal
	output  []byte        // all that the process has written
	changed chan struct{} // closed when that has grown
}

// startTerminal starts the command, with more in its environment, and with a history
// that is in the directory state.
func startTerminal(t *testing.T, state string, env []string, args ...string) *terminal {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: columns, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{
		keys: keys, tty: tty, before: before,
		ended:   make(chan error, 1),
		screen:  vt10x.New(vt10x.WithSize(columns, rows)),
		changed: make(chan struct{}),
	}
	x.cmd = exec.Command(os.Args[0], args...)
	x.cmd.Env = append(os.Environ(), asCommand+"=1", "TERM=xterm-256color", "XDG_STATE_HOME="+state, "NO_COLOR=",
		"GORACE=atexit_sleep_ms=0") // the race detector's process would stay for a second
	x.cmd.Env = append(x.cmd.Env, env...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, tty, tty
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.show()
	go func() { x.ended <- x.cmd.Wait() }()
	t.Cleanup(func() {
		x.cmd.Process.Kill() // fails if it has ended already
		tty.Close()
		keys.Close()
	})
	return x
}

// show brings what the process writes to the screen.
func (x *terminal) show() {
	buf := make([]byte, 4096)
	for {
		n, err := x.keys.Read(buf)
		if err != nil {
			return
		}
		x.mu.Lock()
		x.screen.Write(buf[:n])
		x.output = append(x.output, buf[:n]...)
		close(x.changed)
		x.changed = make(chan struct{})
		x.mu.Unlock()
	}
}

// press types keys.
func (x *terminal) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.keys.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// wantScreen waits until the lines last seen on the screen are these, with the cursor
// in the last one at the "|" in it, if there is one.
func (x *terminal) wantScreen(t *testing.T, lines ...string) {
	t.Helper()
	last := lines[len(lines)-1]
	column := strings.LastIndex(last, "|")
	want := append(lines[:len(lines)-1:len(lines)-1], strings.Replace(last, "|", "", 1))
	deadline := time.After(patience)
	for {
		got, cursor, changed := x.seen()
		if len(got) >= len(want) && reflect.DeepEqual(got[len(got)-len(want):], trim(want)) && (column < 0 || cursor.X == column && cursor.Y == len(got)-1) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the screen shows, with the cursor at %d,%d:\n%s\nwant at its end:\n%s", cursor.X, cursor.Y, strings.Join(got, "\n"), strings.Join(lines, "\n"))
		}
	}
}

// seen returns the lines of the screen down to the last one with text or the cursor.
func (x *terminal) seen() (lines []string, cursor vt10x.Cursor, changed <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	lines = trim(strings.Split(x.screen.String(), "\n"))
	cursor = x.screen.Cursor()
	for len(lines) > cursor.Y+1 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines, cursor, x.changed
}

func trim(lines []string) []string {
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = strings.TrimRight(line, " \x00")
	}
	return trimmed
}

// wantOutput waits until the process has written text.
func (x *terminal) wantOutput(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		x.mu.Lock()
		output, changed := string(x.output), x.changed
		x.mu.Unlock()
		if strings.Contains(output, text) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the command wrote %q, want %q in it", output, text)
		}
	}
}

// wantExit waits until the process has ended, with this exit code, and fails the test
// unless the terminal is as it was before.
func (x *terminal) wantExit(t *testing.T, code int) {
	t.Helper()
	err, got := await(t, "the end of the process", x.ended), 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if got != code {
		lines, _, _ := x.seen()
		t.Errorf("exit code %d, want %d; the screen shows:\n%s", got, code, strings.Join(lines, "\n"))
	}
	if after := x.state(t); !reflect.DeepEqual(x.before, after) {
		t.Errorf("the terminal's state is %+v, want as before: %+v", after, x.before)
	}
	x.wantOutput(t, pasteOff)
}

// wantRaw waits until the terminal is, or is not, in raw mode.
func (x *terminal) wantRaw(t *testing.T, raw bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); reflect.DeepEqual(x.before, x.state(t)) == raw; time.Sleep(time.Millisecond) {
		if raw {
			x.cmd.Process.Signal(syscall.SIGCONT) // in case that it waits for that
		}
		if time.Now().After(deadline) {
			t.Fatalf("the terminal's state is %+v, want raw: %t", x.state(t), raw)
		}
	}
}

func (x *terminal) state(t *testing.T) *term.State {
	t.Helper()
	s, err := term.GetState(int(x.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
