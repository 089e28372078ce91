//go:build linux && !purego

package stress_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// What idle connections cost, measured from outside: the server is a process of its
// own, so that the clients' memory and time are not its.

func init() {
	options := websocket.Options{PingInterval: time.Hour} // the clients do not answer
	children["idle server"] = func() {
		srv := &websocket.Server{Handler: testkit.Echo["events"], Options: options}
		idleServer(srv.Serve)
	}
	children["idle handlers"] = func() {
		up := &websocket.Upgrader{Options: options}
		idleServer(func(ln net.Listener) error {
			return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c, err := up.Upgrade(w, r); err == nil {
					c.Serve(testkit.Echo["blocking"])
				}
			}))
		})
	}
}

// idleServer echoes, and for each line of its standard input says what it costs.
func idleServer(serve func(net.Listener) error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(ln)
	fmt.Println(ln.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "memory" {
			debug.FreeOSMemory()
		}
		var usage syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		fmt.Println(resident(), time.Duration(usage.Utime.Nano()+usage.Stime.Nano()).Nanoseconds(), runtime.NumGoroutine(), memory.StackInuse, memory.HeapAlloc)
	}
}

// resident returns the RSS of this process in bytes.
func resident() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, behind, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kB int
	fmt.Sscan(string(behind), &kB)
	return kB << 10
}

// cost is what idleServer says.
type cost struct {
	rss, cpu, goroutines, stacks, heap int
}

// startIdleServer starts the child of that name, and returns its address and how to ask it.
func startIdleServer(t *testing.T, name string) (addr string, ask func(what string) cost) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	answers := bufio.NewReader(out)
	if _, err := fmt.Fscanln(answers, &addr); err != nil {
		t.Fatalf("the server's address: %v", err)
	}
	return addr, func(what string) (c cost) {
		t.Helper()
		io.WriteString(in, what+"\n")
		if _, err := fmt.Fscanln(answers, &c.rss, &c.cpu, &c.goroutines, &c.stacks, &c.heap); err != nil {
			t.Fatalf("the server's answer: %v", err)
		}
		return c
	}
}

// afterTraffic connects to an echo server, has messages of several sizes come back, and
// leaves the connection open.
func afterTraffic(t *testing.T, addr string) {
	t.Helper()
	nc := testkit.Upgraded(t, addr)
	for _, size := range []int{1, 125, 4 << 10, 60 << 10} {
		if _, err := nc.Write(wstest.Binary(make([]byte, size)).AppendMasked(nil, wstest.RFCKey)); err != nil {
			t.Fatal(err)
		}
		nc.SetReadDeadline(time.Now().Add(testkit.Patience))
		if f, _, err := wstest.ReadFrame(nc); err != nil || len(f.Payload) != size {
			t.Fatalf("the echo of %d bytes: %v, %v", size, f, err)
		}
	}
}

// TestPromise20IdleConnectionIsSmall: an idle connection of our own server takes no more than
// 4.75 KiB of RSS, its goroutine's stack included, also after traffic.
func TestPromise20IdleConnectionIsSmall(t *testing.T) {
	t.Parallel() // with the other one
	if testkit.RaceEnabled {
		return // the memory is another one
	}
	const conns, most = 4000, 4<<10 + 768
	addr, ask := startIdleServer(t, "idle server")
	rest := ask("memory").goroutines
	for range 50 { // what there is once is made, and pools find their sizes
		afterTraffic(t, addr)
	}
	before := ask("memory")
	for last := 0; before.rss != last; before = ask("memory") { // until it has come to rest
		last = before.rss
		time.Sleep(1500 * time.Millisecond)
	}
	for range conns {
		afterTraffic(t, addr)
	}
	got, now, goroutines := 0, cost{}, conns+50+rest
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
		now = ask("memory") // behind a collection
		if got = (now.rss - before.rss) / conns; got <= most && now.goroutines <= goroutines {
			return
		}
	}
	t.Errorf("an idle connection takes %d bytes, want at most %d; there are %d goroutines, want %d at most", got, most, now.goroutines, goroutines)
}

// TestUpgradeIsSmall: what an opening handshake behind net/http needs of the handler's
// stack fits into 4 KiB, with what net/http needs. The runtime doubles the stack of a
// handler that needs more, and it stays so. Of net/http's two buffers of 4 KiB the one for
// reading does not stay.
func TestUpgradeIsSmall(t *testing.T) {
	t.Parallel()
	if testkit.RaceEnabled {
		return // its stacks are others
	}
	const conns, mostStack, mostHeap = 1000, 4<<10 + 512, 9 << 10
	addr, ask := startIdleServer(t, "idle handlers")
	afterTraffic(t, addr)
	before := ask("memory")
	for range conns {
		afterTraffic(t, addr)
	}
	stack, heap := 0, 0
	for start := time.Now(); time.Since(start) < testkit.Patience; time.Sleep(100 * time.Millisecond) {
		now := ask("memory")
		stack, heap = (now.stacks-before.stacks)/conns, (now.heap-before.heap)/conns
		if stack <= mostStack && heap <= mostHeap {
			return
		}
	}
	t.Errorf("a handler that stays has a stack of %d bytes and %d of the heap, want at most %d and %d", stack, heap, mostStack, mostHeap)
}

// TestPromise26IdleConnectionsCostNoCPU has 2,000 connections of our own server be idle
// for three seconds: of the six of two processors that costs less than a tenth of one.
func TestPromise26IdleConnectionsCostNoCPU(t *testing.T) {
	t.Parallel()
	addr, ask := startIdleServer(t, "idle server")
	for range 2000 {
		afterTraffic(t, addr)
	}
	var took time.Duration
	for start := time.Now(); time.Since(start) < time.Minute; { // they come to rest first
		before := ask("")
		time.Sleep(3 * time.Second)
		if took = time.Duration(ask("").cpu - before.cpu); took <= 100*time.Millisecond {
			return
		}
	}
	t.Errorf("2,000 idle connections took %v of CPU in three seconds, want 100ms at most", took)
}
