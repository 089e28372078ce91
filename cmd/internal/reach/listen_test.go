package reach

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListenSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	socket := filepath.Join(t.TempDir(), "taken.sock")
	unix, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for _, tt := range []struct{ name, addr, want string }{
		{"a bare port", "8000", "want 127.0.0.1:8000, or :8000 for all interfaces"},
		{"a port that is taken", taken.Addr().String(), "the port is taken by another process"},
		{"a unix socket that is taken", "unix:" + socket, "a process listens there already"},
		{"a unix socket without a path", "unix:", "has no path"},
		{"an address of another machine", "192.0.2.1:0", "this machine does not have the address"},
		{"no address", "nowhere", "--listen: "},
		{"no socket of systemd's", "systemd", "0 sockets were passed, want one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, err := Listen(tt.addr)
			if err == nil {
				ln.Close()
				t.Fatalf("Listen(%q) listens, want an error with %q", tt.addr, tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Listen(%q) = %v, want an error with %q", tt.addr, err, tt.want)
			}
		})
	}
}

func TestListenReplacesASocketThatIsLeftOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	old, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	old.(*net.UnixListener).SetUnlinkOnClose(false)
	old.Close()
	ln, err := Listen("unix:" + path)
	if err != nil {
		t.Fatalf("Listen over a socket that is left over = %v", err)
	}
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("Dial = %v", err)
	}
	nc.Close()
	ln.Close()
	if _, err := os.Stat(path); err == nil {
		t.Errorf("the socket is still there after Close")
	}
}
