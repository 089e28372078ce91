package stress_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/pool"
)

// The attacks are tests on real sockets with hostile peers. Each runs inside
// attacked, which looks after what they have in common: before, meanwhile, after.

const (
	// raceShare is by what the number of hostile peers and frames is divided with the
	// race detector, under which all of it takes about ten times as long.
	raceShare = 10

	// recovery is how long after the attack everything may take to be as before.
	recovery = time.Minute

	// heapSlack is how much larger the heap may be then: the runtime keeps half a
	// kilobyte of each goroutine that ever was at the same time, for both ends of 5,000
	// connections, and the poisoned pool its table of buffers.
	heapSlack = 6 << 20

	// garbage is how large the process may be before garbage is collected.
	garbage = 512 << 20
)

// scaled is how many of n an attack does.
func scaled(n int) int {
	if testkit.RaceEnabled {
		return max(n/raceShare, 1)
	}
	return n
}

// attack is a server and those who attack it. Methods that connect may be called
// concurrently, and fail the test without ending it.
type attack struct {
	*testing.T
	addr   string
	before holdings
	heap   int // before

	mu    sync.Mutex
	conns []net.Conn
}

// attacked has f attack srv while a witness, on a connection of its own, has each of
// its messages echoed in time. Then whatever f has opened is closed, and memory,
// goroutines, descriptors and pooled buffers have to be where they were.
func attacked(t *testing.T, srv *websocket.Server, f func(a *attack)) {
	t.Helper()
	victim := srv.Handler
	srv.Route = func(r *websocket.Request) (websocket.Handler, error) {
		if r.Path() == "/witness" {
			return testkit.Echo["events"], nil
		}
		return victim, nil
	}
	if srv.Options.Logger == nil {
		srv.Options.Logger = testkit.Quiet
	}
	a := &attack{T: t, addr: testkit.Serve(t, srv)}
	clock := testkit.StartClock(t)
	w, bare := &witness{nc: upgradedTo(t, a.addr, "/witness"), clock: clock}, &witness{nc: bareEcho(t), clock: clock}
	if err := errors.Join(w.echo(), bare.echo()); err != nil {
		t.Fatal(err)
	}
	a.before, a.heap = settled(), testkit.HeapInUse()
	// A garbage collection closes descriptors that were forgotten. Have none but those that
	// are asked for, as long as there is room.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(garbage))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { w.watch(stop) })
	watching.Go(func() { bare.watch(stop) })
	f(a)
	close(stop)
	watching.Wait()
	if verdict := w.verdict(bare); verdict != "" {
		t.Error(verdict)
	}
	a.disperse()
	a.wantRecovery()
	if err := w.echo(); err != nil {
		t.Errorf("after the attack: %v", err)
	}
	w.nc.Close()
	bare.nc.Close()
}

// disperse closes what the attackers have open.
func (a *attack) disperse() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, nc := range a.conns {
		nc.Close()
	}
	a.conns = nil
}

// wantRecovery waits until what is held is no more than before. The heap is looked at
// last, because that collects garbage.
func (a *attack) wantRecovery() {
	a.Helper()
	start := time.Now()
	for !counted().within(a.before) {
		if time.Since(start) > recovery {
			a.Errorf("after the attack there are %v; before there were %v\n%s", counted(), a.before, leak.Stacks())
			return
		}
		time.Sleep(min(time.Since(start)+time.Millisecond, time.Second/4)) // counting makes garbage
	}
	a.wantHeapWithin(heapSlack, "after the attack")
}

// wantHeapWithin checks that the heap has not grown by more than limit since
// before the attack, at this moment.
func (a *attack) wantHeapWithin(limit int, sentence string) {
	a.Helper()
	if grown := testkit.HeapInUse() - a.heap; grown > limit {
		a.Errorf("%s: the heap has grown by %d bytes, want at most %d", sentence, grown, limit)
	}
}

// connect opens a TCP connection to the server, which is closed after the attack.
func (a *attack) connect(i int) (*net.TCPConn, error) {
	nc, err := a.dial(i)
	if err != nil {
		a.Errorf("connection %d: %v", i, err)
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns = append(a.conns, nc)
	return nc, nil
}

// dial opens the i-th TCP connection to the server: from one of many addresses, each of
// which has its own ports.
func (a *attack) dial(i int) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: recovery}
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is this machine
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%250))}
	}
	nc, err := d.Dial("tcp", a.addr)
	if err != nil {
		return nil, err
	}
	return nc.(*net.TCPConn), nil
}

// enter opens a WebSocket connection to the server. early goes behind the
// handshake, in the same segment.
func (a *attack) enter(i int, extensions string, early []byte) (*net.TCPConn, error) {
	nc, err := a.connect(i)
	if err != nil {
		return nil, err
	}
	if err := handshake(nc, "/", extensions, early); err != nil {
		a.Errorf("connection %d: %v", i, err)
		return nil, err
	}
	return nc, nil
}

// entered opens n WebSocket connections to the server. If one fails it ends the test.
func (a *attack) entered(n int) []*net.TCPConn {
	a.Helper()
	ncs := make([]*net.TCPConn, n)
	for i := range ncs {
		var err error
		if ncs[i], err = a.enter(i, "", nil); err != nil {
			a.FailNow()
		}
	}
	return ncs
}

// inParallel calls f for 0 to n-1, on a few goroutines.
func inParallel(n int, f func(i int)) {
	const workers = 16
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	group.Wait()
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// upgradedTo is upgraded for a path of the server.
func upgradedTo(t testing.TB, addr, path string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := handshake(nc, path, "", nil); err != nil {
		t.Fatal(err)
	}
	return nc
}

// handshake does the opening handshake on nc, and takes no byte more than it has. If
// extensions are offered they have to be agreed on as they are.
func handshake(nc net.Conn, path, extensions string, early []byte) error {
	if extensions != "" {
		extensions = "\r\nSec-WebSocket-Extensions: " + extensions
	}
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13%s\r\n\r\n", path, extensions)
	if _, err := nc.Write(append([]byte(request), early...)); err != nil {
		return fmt.Errorf("opening handshake: %w", err)
	}
	nc.SetReadDeadline(time.Now().Add(recovery))
	defer nc.SetReadDeadline(time.Time{})
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" + extensions + "\r\n\r\n"
	got := make([]byte, len(want))
	if n, err := io.ReadFull(nc, got); err != nil || string(got) != want {
		return fmt.Errorf("opening handshake: response %q, %w", got[:n], err)
	}
	return nil
}

// holdings are what a process may hold too much of, beside memory.
type holdings struct{ goroutines, descriptors, buffers int }

func (h holdings) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors and %d pooled buffers", h.goroutines, h.descriptors, h.buffers)
}

func (h holdings) within(before holdings) bool {
	return h.goroutines <= before.goroutines && h.descriptors <= before.descriptors && h.buffers <= before.buffers
}

// counted returns what is held at this moment.
func counted() holdings { return holdings{runtime.NumGoroutine(), testkit.Descriptors(), pool.Lent()} }

// settled returns what is held when nothing of an earlier test is under way any more.
func settled() holdings {
	runtime.GC() // ends what an earlier test forgot
	h := counted()
	for range 100 {
		before := h
		time.Sleep(20 * time.Millisecond)
		if h = counted(); h == before {
			break
		}
	}
	return h
}
