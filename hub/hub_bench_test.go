package hub_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
)

// audience is connections whose peers count what they receive.
type audience struct {
	conns    []*websocket.Conn
	received atomic.Int64
}

func newAudience(t testing.TB, n int, h websocket.Handshake, opts *websocket.Options) *audience {
	t.Helper()
	a := &audience{}
	for range n {
		ours, theirs := tcpPair(t)
		c := testkit.NewConn(ours, websocket.RoleServer, h, opts)
		a.conns = append(a.conns, c)
		t.Cleanup(func() {
			c.CloseNow()
			theirs.Close()
		})
		go c.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}))
		raw, err := theirs.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		go raw.Read(func(fd uintptr) bool { // room is needed while something is there only
			var room [16 << 10]byte
			for {
				n, err := syscall.Read(int(fd), room[:])
				if err == syscall.EAGAIN {
					return false
				}
				if n <= 0 {
					return true
				}
				a.received.Add(int64(n))
			}
		})
	}
	return a
}

func (a *audience) await(n int64) {
	for a.received.Load() < n {
		time.Sleep(50 * time.Microsecond)
	}
}

// cpu returns what the process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPublish publishes 512 bytes to an audience over TCP, one message at a
// time or 32, and beside it writes them in a loop. What counts is the CPU time for each
// delivery, of both ends.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1, 10, 1000, 5000} {
		a := newAudience(b, size, websocket.Handshake{}, &websocket.Options{PingInterval: -1})
		h := newHub(b, &hub.Options{MaxPending: 1 << 20})
		for _, c := range a.conns {
			if err := h.Subscribe(c, "a"); err != nil {
				b.Fatal(err)
			}
		}
		message := make([]byte, 512)
		for _, way := range []struct {
			name string
			send func()
		}{
			{"hub", func() { h.Publish("a", websocket.OpBinary, message) }},
			{"loop", func() {
				m, _ := websocket.Prepare(websocket.OpBinary, message)
				for _, c := range a.conns {
					c.WritePrepared(background, m)
				}
			}},
		} {
			for _, burst := range []int{1, 32} {
				b.Run(fmt.Sprintf("%d subscribers/%s/%d at a time", size, way.name, burst), func(b *testing.B) {
					runtime.GC()
					a.received.Store(0)
					start := cpu()
					sent := int64(0)
					for b.Loop() {
						for range burst {
							way.send()
						}
						sent += int64(burst * size * (len(message) + 4))
						a.await(sent)
					}
					deliveries := float64(sent / int64(len(message)+4))
					b.ReportMetric(float64(cpu()-start)/deliveries, "cpu-ns/delivery")
					b.ReportMetric(float64(b.Elapsed())/deliveries, "ns/delivery")
				})
			}
		}
	}
}
