package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/codec"
)

// readSize is how much is read at once, in bytes.
const readSize = 256 << 10

// worker drives sockets on one thread.
type worker struct {
	lane
	sockets []*socket
	poller  *poller
	buf     []byte
	nap     time.Duration // before each look for what is ready
	napped  int64         // echoes when it was set, and when that was
	since   int64
}

// newWorkers returns the drivers of links, which are sockets.
func newWorkers(r *run, links []link) (drivers []driver) {
	threads := min(r.plan.threads, len(links))
	for i := range threads {
		w := &worker{lane: newLane(r), buf: make([]byte, readSize)}
		for j := i; j < len(links); j += threads {
			c := &socket{stream: newStream(links[j].number, r.plan.script, r.plan.depth), worker: w, fd: links[j].fd, early: links[j].early}
			w.sockets = append(w.sockets, c)
			w.join(c)
		}
		drivers = append(drivers, w)
	}
	return drivers
}

// drive is the life of a worker.
func (w *worker) drive() (err error) {
	runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
	defer w.finish()
	if w.schedule.rate > 0 { // wake as precisely as the system can; if it cannot, so be it
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	if w.poller, err = newPoller(); err != nil {
		return err
	}
	defer w.poller.close()
	for i, c := range w.sockets {
		if err := w.poller.add(c.fd, i); err != nil {
			return err
		}
		if len(c.early) > 0 {
			w.tally.now = w.now()
			c.step(w.tally.now, c.feed(c.early, w.tally))
		}
	}
	w.begin()
	for !w.finished() {
		w.gather()
		if err := w.turn(w.patience()); err != nil {
			return err
		}
	}
	for _, c := range w.sockets {
		c.giveUp(w.tally)
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
	if w.plan.depth == 1 || w.schedule.rate > 0 || w.over > 0 {
		return
	}
	if w.checked != w.since {
		mean := time.Duration(ratio(float64(w.live.Load())*float64(w.plan.depth)*float64(w.checked-w.since), float64(w.tally.echoes-w.napped)))
		if w.nap = min(mean/napPart, longestNap); w.nap < shortestNap {
			w.nap = 0
		}
		w.since, w.napped = w.checked, w.tally.echoes
	}
	if w.nap > 0 {
		doze(w.nap)
	}
}

// turn waits for at most d and handles what has happened.
func (w *worker) turn(d time.Duration) error {
	events, err := w.poller.wait(d)
	if err != nil {
		return err
	}
	for _, e := range events {
		c := w.sockets[e.Fd]
		if c.fd < 0 {
			continue
		}
		if e.Events&unix.EPOLLOUT != 0 {
			c.busy = false
		}
		w.tally.now = 0
		err := c.receive()
		if w.tally.now == 0 {
			w.tally.now = w.now()
		}
		c.step(w.tally.now, err)
	}
	w.pace(w.now())
	return nil
}

// part does the closing handshake on the sockets that are open.
func (w *worker) part() error {
	w.parting = true
	bye, err := codec.AppendClose(nil, codec.StatusNormalClosure, "")
	if err != nil {
		return err
	}
	for _, c := range w.sockets {
		if c.fd >= 0 {
			c.control = codec.AppendFrame(c.control, codec.Header{Fin: true, Opcode: codec.OpClose, Masked: true}, bye)
			c.push(w.now())
		}
	}
	for limit := w.now() + int64(partTime); w.live.Load() > 0 && w.now() < limit; {
		if err := w.turn(time.Duration(limit - w.now())); err != nil {
			return err
		}
	}
	for _, c := range w.sockets {
		if c.fd >= 0 {
			c.end(nil)
		}
	}
	return nil
}
