//go:build linux && !purego

package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// What idle connections cost, measured from outside: the server is a process of its
// own, so that the clients' memory and time are not its.

func init() { children["idle server"] = idleServer }

// idleServer echoes, and for each line of its standard input says what it costs.
func idleServer() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go (&websocket.Server{Handler: forms["events"]}).Serve(ln)
	fmt.Println(ln.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "memory" {
			debug.FreeOSMemory()
		}
		var usage syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		fmt.Println(resident(), time.Duration(usage.Utime.Nano()+usage.Stime.Nano()).Nanoseconds(), runtime.NumGoroutine())
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
	rss, cpu, goroutines int
}

// startIdleServer starts one, and returns its address and how to ask it.
func startIdleServer(t *testing.T) (addr string, ask func(what string) cost) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=idle server")
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
		if _, err := fmt.Fscanln(answers, &c.rss, &c.cpu, &c.goroutines); err != nil {
			t.Fatalf("the server's answer: %v", err)
		}
		return c
	}
}

// afterTraffic connects to an echo server, has messages of several sizes come back, and
// leaves the connection open.
func afterTraffic(t *testing.T, addr string) {
	t.Helper()
	nc := upgraded(t, addr)
	for _, size := range []int{1, 125, 4 << 10, 60 << 10} {
		if _, err := nc.Write(wstest.Binary(make([]byte, size)).AppendMasked(nil, wstest.RFCKey)); err != nil {
			t.Fatal(err)
		}
		nc.SetReadDeadline(time.Now().Add(30 * time.Second))
		if f, _, err := wstest.ReadFrame(nc); err != nil || len(f.Payload) != size {
			t.Fatalf("the echo of %d bytes: %v, %v", size, f, err)
		}
	}
}

func TestPromise20IdleConnectionIsSmall(t *testing.T) {
	const conns, most = 2000, 4 << 10
	addr, ask := startIdleServer(t)
	for range 50 {
		afterTraffic(t, addr)
	}
	time.Sleep(3 * time.Second)
	before := ask("memory")
	for range conns {
		afterTraffic(t, addr)
	}
	for range 8 {
		time.Sleep(time.Second)
		a := ask("")
		b := ask("memory")
		fmt.Println((a.rss-before.rss)/conns, (b.rss-before.rss)/conns, b.goroutines, b.cpu)
	}
	c := ask("")
	time.Sleep(3 * time.Second)
	d := ask("")
	fmt.Println(time.Duration(d.cpu - c.cpu))
}
