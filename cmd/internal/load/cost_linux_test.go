package load

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket"
)

// asServer makes the test binary an echo server.
const asServer = "ZEROWIRE_ECHO_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	echo := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) { c.Write(context.Background(), op, p) })
	panic((&websocket.Server{Handler: echo}).Serve(ln))
}

// startServer starts an echo server in a process of its own, and returns its URL.
func startServer(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asServer+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	buf := make([]byte, 64)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return "ws://" + strings.TrimSpace(string(buf[:n])) + "/"
}

// bareTCP exchanges the same bytes as the plan with a server, messages on all
// connections together, and checks and measures nothing. It returns the CPU time.
func bareTCP(t testing.TB, p *plan, messages int) time.Duration {
	t.Helper()
	links, err := dialAll(t.Context(), p.URL, p.dial, p.Connections, true, faults{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, l := range links {
			closeSocket(l.fd)
		}
	}()
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(epoll)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := processUsage()
	s, buf := p.script, make([]byte, 256<<10)
	type bare struct{ sent, back int } // messages that were sent; bytes that came back of those in flight
	conns := make([]bare, len(links))
	left := messages
	send := func(i int) {
		n := min(p.Pipeline, left)
		if n == 0 {
			return
		}
		left -= n
		first := conns[i].sent % s.Len() // a power of two, as is the depth here
		conns[i].sent += n
		conns[i].back = len(s.Echoed(first, first+n))
		if _, err := unix.Write(links[i].fd, s.Sent(first, first+n)); err != nil {
			t.Fatal(err)
		}
	}
	waiting, events := 0, make([]unix.EpollEvent, 256)
	for i := range links {
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, links[i].fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			t.Fatal(err)
		}
		send(i)
		waiting++
	}
	for waiting > 0 {
		ready, err := unix.EpollWait(epoll, events, 1000)
		if err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
		for _, e := range events[:max(ready, 0)] {
			i := e.Fd
			if conns[i].back == 0 {
				continue
			}
			n, err := unix.Read(links[i].fd, buf)
			if err != nil || n == 0 {
				t.Fatalf("read %d bytes: %v", n, err)
			}
			if conns[i].back -= n; conns[i].back > 0 {
				continue
			}
			if left == 0 {
				waiting--
				continue
			}
			send(int(i))
		}
	}
	return processUsage().minus(before).total()
}

// BenchmarkCost compares, in turns, the CPU time of this generator with that of a bare
// TCP client that writes and reads the same bytes. cpu/bare is the median of the ratios.
func BenchmarkCost(b *testing.B) {
	url := startServer(b)
	for _, depth := range []int{1, 32} {
		b.Run(fmt.Sprintf("pipeline=%d", depth), func(b *testing.B) {
			messages := 30_000 * depth
			var ratios []float64
			for b.Loop() {
				c := &Command{URL: url, Connections: 64, Messages: int64(messages), Size: sizes{125, 125}, Pipeline: depth, Timeout: 20 * time.Second, Threads: 1}
				p, err := c.plan()
				if err != nil {
					b.Fatal(err)
				}
				r, err := p.carryOut(b.Context(), func(*timeline, time.Duration) {})
				if err != nil {
					b.Fatal(err)
				}
				if got := r.timeline.total.messages; got != int64(messages) {
					b.Fatalf("%d of %d echoes", got, messages)
				}
				ours := r.busy.total()
				theirs := bareTCP(b, p, messages)
				ratios = append(ratios, float64(ours)/float64(theirs))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "cpu/bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}
