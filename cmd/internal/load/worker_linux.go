package load

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// worker drives sockets on one thread: it decides when to send, when to report, when to
// give up and when to end.
type worker struct {
	*run
	members []*socket
	live    int // members that have not ended
	tally   *tally
	loop    *loadgen.Loop

	paced   int           // how many messages of the members were due so far
	checked int64         // when check was called last
	over    int64         // when the last message was due; 0 before
	parting bool          // the closing handshakes have begun
	nap     time.Duration // before each look for what is ready
	napped  int64         // echoes when it was set, and when that was
	since   int64
}

// newWorkers returns the drivers of links, which are sockets.
func newWorkers(r *run, links []link) (drivers []driver) {
	threads := min(r.plan.Threads, len(links))
	for i := range threads {
		w := &worker{run: r, tally: newTally(r.timeline)}
		for j := i; j < len(links); j += threads {
			w.members = append(w.members, &socket{window: newWindow(links[j].number, r.plan.script, r.plan.Pipeline, w.tally), worker: w, link: links[j]})
		}
		w.live = len(w.members)
		drivers = append(drivers, w)
	}
	return drivers
}

// drive is the life of a worker.
func (w *worker) drive() (err error) {
	runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
	defer func() {
		w.tally.roll(w.now())
		w.tally.report(true)
	}()
	if w.schedule.rate > 0 { // wake as precisely as the system can; if it cannot, so be it
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	if w.loop, err = loadgen.NewLoop(); err != nil {
		return err
	}
	defer w.loop.Close()
	for _, c := range w.members {
		if c.Socket, err = w.loop.Add(c.link.fd, c); err != nil {
			return err
		}
		if len(c.link.early) > 0 {
			c.Step(c.Receive(c.link.early))
		}
	}
	for _, c := range w.members {
		c.push(w.now())
	}
	for !w.finished() {
		w.gather()
		if err := w.turn(w.untilDue()); err != nil {
			return err
		}
	}
	if err := w.turn(0); err != nil { // echoes that came while this process did not run
		return err
	}
	for _, c := range w.members {
		c.giveUp()
	}
	return w.part()
}

// The longest nap, absolute and as a part of the mean latency, and the shortest that
// pays.
const (
	longestNap  = 500 * time.Microsecond
	shortestNap = 30 * time.Microsecond
	napPart     = 50
)

// gather lets echoes pile up before they are read, if there are many in flight on
// each connection and the server sends them one by one: to wake for each would
// cost more than all the rest, also on the server's side. It lengthens a latency by
// no more than 2 % of the mean, which is that of Little's law: what is in flight
// by what comes back in a second.
func (w *worker) gather() {
	if w.plan.Pipeline == 1 || w.schedule.rate > 0 || w.over > 0 {
		return
	}
	if w.checked != w.since {
		mean := time.Duration(ratio(float64(w.live)*float64(w.plan.Pipeline)*float64(w.checked-w.since), float64(w.tally.echoes-w.napped)))
		if w.nap = min(mean/napPart, longestNap); w.nap < shortestNap {
			w.nap = 0
		}
		w.since, w.napped = w.checked, w.tally.echoes
	}
	if w.nap > 0 {
		t := unix.NsecToTimespec(int64(w.nap))
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0) // a signal may cut it short
	}
}

// turn waits for at most d and handles what has happened.
func (w *worker) turn(d time.Duration) error {
	_, err := w.loop.Turn(d)
	w.pace(w.now())
	return err
}

// part does the closing handshake on the sockets that are open.
func (w *worker) part() error {
	w.parting = true
	for _, c := range w.members {
		if c.Open() {
			c.Stream.Close(codec.StatusNormalClosure)
			c.push(w.now())
		}
	}
	for limit := w.now() + int64(partTime); w.live > 0 && w.now() < limit; {
		if err := w.turn(time.Duration(limit - w.now())); err != nil {
			return err
		}
	}
	for _, c := range w.members {
		if c.Open() {
			c.end(nil)
		}
	}
	return nil
}

// socket is a connection that was taken over.
type socket struct {
	window
	*loadgen.Socket
	worker *worker
	link   link
	came   bool // something, since the last Step
}

// Receive checks what came.
func (c *socket) Receive(p []byte) error {
	now := c.worker.now()
	c.tally.now, c.heard, c.came = now, now, true
	return c.Feed(p, &c.window)
}

// Step sends what may be sent now, and closes the socket because of err.
func (c *socket) Step(err error) {
	if !c.came {
		c.tally.now = c.worker.now()
	}
	c.came = false
	c.step(c.tally.now, err)
}

// step goes on at now after err, nil if all is well.
func (c *socket) step(now int64, err error) {
	if !c.Open() {
		return
	}
	if err == nil {
		c.worker.fill(&c.window, now)
		err = c.Flush(c)
	}
	if err != nil {
		c.end(err)
	}
}

func (c *socket) push(now int64) { c.step(now, nil) }

func (c *socket) watch(now int64) {
	if c.Open() && c.silent(now, int64(c.worker.plan.Timeout)) {
		c.end(errSilent)
	}
}

// end closes the socket because of err.
func (c *socket) end(err error) {
	if !c.worker.parting {
		c.window.end(err)
	}
	if _, closed := errors.AsType[*loadgen.Closed](err); closed {
		_ = c.Flush(c) // the answer to a Close frame, if it still goes
	}
	c.Socket.Close()
	c.worker.live--
}

// due returns when the n-th message of the members is due in an open load.
func (w *worker) due(n int) int64 {
	i, j := n%len(w.members), n/len(w.members)
	return w.schedule.due(w.members[i].number, int64(j))
}

// pace sends what has become due in an open load.
func (w *worker) pace(now int64) {
	if w.schedule.rate == 0 {
		return
	}
	for ; w.due(w.paced) <= w.schedule.clamp(now); w.paced++ {
		w.members[w.paced%len(w.members)].push(now)
	}
}

// untilDue returns for how long nothing is due.
func (w *worker) untilDue() time.Duration {
	now := w.now()
	next := w.checked + tick
	if w.schedule.rate > 0 && w.over == 0 {
		next = min(next, w.due(w.paced))
	}
	if end := w.schedule.end; end > now {
		next = min(next, end)
	}
	return time.Duration(max(next-now, 0))
}

// finished does what is due besides sending, and reports whether all is done.
func (w *worker) finished() bool {
	now := w.now()
	if now >= w.checked+tick {
		w.check(now)
	}
	return w.ended(now, &w.over, w.live, func() bool {
		return !slices.ContainsFunc(w.members, func(m *socket) bool { return m.Open() && !w.settled(&m.window, now) })
	})
}

// check reports what was counted and looks for echoes that are overdue.
func (w *worker) check(now int64) {
	w.checked = now - now%tick // on time with the intervals
	w.tally.roll(now)
	for _, m := range w.members {
		m.watch(now)
	}
}

// fill decides which messages of a connection leave at now. In a closed load half of
// those in flight have to be back first: a server that sends them one by one shall not
// make us do so.
func (w *worker) fill(c *window, now int64) {
	if w.stopped.Load() || w.parting || w.schedule.rate == 0 && c.InFlight() > c.depth/2 {
		return
	}
	n := w.schedule.allow(c.number, c.Sent, c.depth-c.InFlight(), now)
	payload := 0
	for range n {
		payload += len(c.Payload(c.Sent))
		c.send(now, w.schedule.since(c.number, c.Sent, now))
	}
	w.tally.sent(n, payload)
}

// settled reports whether a connection waits for nothing, and has nothing to send.
func (w *worker) settled(c *window, now int64) bool {
	if c.InFlight() > 0 || len(c.missing) > 0 {
		return false
	}
	owes := w.schedule.rate > 0 && w.schedule.dueBy(c.number, now) > c.Sent && !w.schedule.budget.empty()
	return !owes || w.stopped.Load()
}

const canTakeOver = true

// takeOver returns a descriptor of nc's socket that the runtime's poller does not
// know. nc may be closed.
func takeOver(nc net.Conn) (fd int, err error) {
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%w: %T", errNotDirect, nc)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	failed := raw.Control(func(own uintptr) {
		fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	})
	if failed != nil {
		err = failed
	}
	return fd, os.NewSyscallError("fcntl", err)
}

func closeSocket(fd int) { unix.Close(fd) }
