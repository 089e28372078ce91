package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptPatience is how long all scripts may take together: one that waits for a
// server to end, say, would wait for ever.
const scriptPatience = 3 * time.Minute

// TestScripts runs the scripts in testdata/script: command lines with what they
// print and how they end. Each has its own directory, and the commands of
// package testscript and these:
//
//	start NAME COMMAND [ARG…]
//		Starts a server and waits until it has printed "Listening on ADDR".
//		$ADDR is that address, $URL is ws://ADDR/ws, and $NAME is ADDR too, for
//		scripts with more than one server.
//	await NAME REGEXP
//		Waits until what NAME has printed, on stdout or stderr, matches.
//	[!] end NAME [SIGNAL]
//		Sends TERM, or INT, QUIT or KILL, to NAME unless it is NONE, and waits
//		until it has ended: with exit code 0, or with ! another one. stdout and
//		stderr then look at what it printed. Those that a script leaves running
//		are ended behind it.
//	exits CODE COMMAND [ARG…]
//		Runs a command that has to end with this exit code.
//
// $CAPTURES is the directory of the captures that inspect is tested with.
func TestScripts(t *testing.T) {
	captures, err := filepath.Abs("../internal/inspect/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:      "testdata/script",
		Deadline: time.Now().Add(scriptPatience),
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			env.Setenv("CAPTURES", captures)
			env.Values[serversKey{}] = map[string]*process{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startServer,
			"await": awaitOutput,
			"end":   endServer,
			"exits": runFor,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// serversKey is where a script keeps its servers, by name.
type serversKey struct{}

func serversOf(ts *testscript.TestScript) map[string]*process {
	return ts.Value(serversKey{}).(map[string]*process)
}

// findServer returns the server that a script has named.
func findServer(ts *testscript.TestScript, name string) *process {
	p, found := serversOf(ts)[name]
	if !found {
		ts.Fatalf("nothing of the name %q was started", name)
	}
	return p
}

// signals are those that a script may end a server with.
var signals = map[string]syscall.Signal{
	"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "KILL": syscall.SIGKILL, "NONE": 0,
}

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND [ARG…]")
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(cmd.Environ(), "HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR")) // not those of whoever runs the tests
	p, err := startProcess(cmd, listens)
	ts.Check(err)
	ts.Defer(func() { p.stop() })
	serversOf(ts)[args[0]] = p
	ts.Setenv("ADDR", p.addr)
	ts.Setenv("URL", "ws://"+p.addr+"/ws")
	ts.Setenv(args[0], p.addr)
}

func awaitOutput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	_, err = findServer(ts, args[0]).await(pattern)
	ts.Check(err)
}

func endServer(ts *testscript.TestScript, neg bool, args []string) {
	signal := syscall.SIGTERM
	if len(args) == 2 {
		named, ok := signals[args[1]]
		if !ok {
			ts.Fatalf("no signal of the name %q", args[1])
		}
		signal = named
	} else if len(args) != 1 {
		ts.Fatalf("usage: [!] end NAME [SIGNAL]")
	}
	p := findServer(ts, args[0])
	if signal != 0 {
		ts.Check(p.cmd.Process.Signal(signal))
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		ts.Fatalf("after %v still running: %s", signal, p)
	}
	fmt.Fprint(ts.Stdout(), &p.stdout)
	fmt.Fprint(ts.Stderr(), &p.stderr)
	if failed := p.err != nil; failed != neg {
		ts.Fatalf("ended with %v: %s", p.err, p)
	}
}

func runFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	err, got := ts.Exec(args[1], args[2:]...), 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; want != fmt.Sprint(got) {
		ts.Fatalf("%s ended with exit code %d, want %s", strings.Join(args[1:], " "), got, want)
	}
}
