package deploy

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long a test waits for what must come.
const patience = testkit.Patience

// zerowire is the path of the command, built once for all tests.
var zerowire string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "deploy")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	zerowire = filepath.Join(dir, "zerowire")
	if out, err := exec.Command("go", "build", "-o", zerowire, "../../zerowire").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// backend is a running `zerowire serve`, or another of its commands that listen.
type backend struct {
	addr  string
	log   *output
	cmd   *exec.Cmd
	ended chan error
}

func startBackend(t *testing.T, args ...string) *backend {
	t.Helper()
	return startCommand(t, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)
}

func startCommand(t *testing.T, args ...string) *backend {
	t.Helper()
	b := &backend{log: new(output), cmd: exec.Command(zerowire, args...), ended: make(chan error, 1)}
	b.cmd.Stderr = b.log
	stdout, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "Listening on ")
	go func() { b.ended <- b.cmd.Wait() }()
	t.Cleanup(func() { stop(t, b.cmd, b.ended) })
	if !ok {
		t.Fatalf("zerowire printed %q (%v), want Listening on ADDR; stderr:\n%s", line, err, b.log.tail())
	}
	b.addr = addr
	return b
}

// terminate tells the backend to end, and does not wait until it has.
func (b *backend) terminate(t *testing.T) {
	t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// serve runs a server of the library's until the test ends, where `zerowire
// serve` cannot do what a test needs, and returns its address.
func serve(t *testing.T, srv *websocket.Server) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; err != websocket.ErrServerClosed {
			t.Errorf("Serve() = %v, want ErrServerClosed", err)
		}
	})
	return ln.Addr().String()
}

// saying answers every message with the same text.
func saying(text string) websocket.Handler {
	return websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), websocket.OpText, []byte(text))
	})
}

// output is what a process prints.
type output struct{ testkit.Output }

// tail returns the end of what was printed, for a test that fails.
func (o *output) tail() string {
	s := o.String()
	return s[max(0, len(s)-4000):]
}

// await waits until the process has printed text.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	if !eventually(func() bool { return strings.Contains(o.String(), text) }) {
		t.Fatalf("after %v no %q in\n%s", patience, text, o.tail())
	}
}

// eventually reports whether cond came true before patience ended.
func eventually(cond func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if cond() {
			return true
		}
	}
	return false
}
