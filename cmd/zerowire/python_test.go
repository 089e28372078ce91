package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestPythonClient has Python's websockets library, which shares no line with
// this one, talk to the server.
func TestPythonClient(t *testing.T) {
	const python = "/usr/bin/python3" // the system's own, which Debian's package belongs to
	need(t, exec.Command(python, "-c", "import websockets").Run(), "apt-get install python3-websockets")
	p := startServe(t)
	out, err := exec.Command(python, "testdata/client.py", p.addr).CombinedOutput()
	if err != nil {
		t.Fatalf("client.py: %v\n%s", err, out)
	}
	const want = "text binary fragmented ping mebibyte too_big chat close"
	if got := strings.Join(strings.Fields(string(out)), " "); got != want {
		t.Errorf("client.py: %s, want %s", got, want)
	}
}
