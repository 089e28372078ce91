package relay

import (
	"bufio"
	"cmp"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const python = "/usr/bin/python3" // the system's own, which Debian's package python3-websockets belongs to

// TestPythonAtBothEnds has a client and a server of another library talk directly,
// and then through a proxy: both see the same, frame by frame.
func TestPythonAtBothEnds(t *testing.T) {
	for _, compression := range []string{"none", "deflate"} {
		t.Run(compression, func(t *testing.T) {
			t.Parallel()
			var client, server [2]string
			for i := range 2 {
				addr, frames := startPython(t)
				if i == 1 {
					_, addr = serveProxy(t, "ws://"+addr)
				}
				client[i] = run(t, exec.Command(python, "testdata/client.py", "ws://"+addr+"/", compression))
				server[i] = frames()
			}
			if client[0] != client[1] {
				t.Errorf("the client saw directly\n%s\nand through the proxy\n%s", client[0], client[1])
			}
			if server[0] != server[1] {
				t.Errorf("the server saw directly\n%s\nand through the proxy\n%s", server[0], server[1])
			}
			for _, seen := range []string{"< CONT ", "< PING 'from the client'", "< PONG 'from the server'", "< CLOSE 4001", "closed with 4002 'as you like', sub-protocol chat, origin https://app.example"} {
				if !strings.Contains(server[1], seen) {
					t.Errorf("the server saw\n%s\nwant %q in it", server[1], seen)
				}
			}
			if compressed := strings.Contains(client[1], "permessage-deflate"); compressed != (compression == "deflate") {
				t.Errorf("the client saw\n%s\nwith compression %s", client[1], compression)
			}
		})
	}
}

// startPython starts a server that writes down what it gets. frames ends it, and
// returns that.
func startPython(t *testing.T) (addr string, frames func() string) {
	t.Helper()
	cmd := exec.Command(python, "testdata/server.py")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (apt-get install python3-websockets)", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	next := func() string {
		select {
		case line := <-lines:
			return line
		case <-time.After(patience):
			t.Fatal("the server prints nothing")
		}
		return ""
	}
	port := next()
	return "127.0.0.1:" + port, func() string {
		var all []string
		for ended := 0; ended < 2; { // connections
			line := next()
			if strings.Contains(line, " closed with ") {
				ended++
			}
			all = append(all, line)
		}
		slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(a[0], b[0]) }) // one connection after the other
		return strings.Join(all, "\n")
	}
}

// run returns what a command prints.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}
