//go:build !purego

package websocket_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// With purego Go has no FIPS 140-3 mode.

// TestFIPSEnforced does opening handshakes in both roles, and an echo, in a process that
// GODEBUG=fips140=only keeps from unapproved algorithms: SHA-1 panics there.
func TestFIPSEnforced(t *testing.T) {
	if !fips140.Enforced() {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPSEnforced$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "echo under enforcement") {
			t.Errorf("with GODEBUG=fips140=only: %v\n%s", err, out)
		}
		return
	}
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	c, err := websocket.Dial(background, "ws://"+addr, &websocket.DialOptions{Proxy: noProxy})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	wantEcho(t, c, "hello")
	t.Log("echo under enforcement")
}
