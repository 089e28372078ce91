package interop

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// startPython starts Debian's Python with the websockets that is packaged for it.
func startPython(t *testing.T) library {
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import websockets").CombinedOutput(); err != nil {
		need(t, fmt.Errorf("importing websockets: %w\n%s", err, out), "apt-get install python3-websockets")
	}
	return startProgram(t, python, filepath.Join("testdata", "python", "peer.py"))
}
