package websocket

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Parking: the stack of a goroutine does not shrink to less than its deepest call needed,
// and most connections are idle most of the time. So a connection that is not busy waits
// on a new goroutine with the smallest stack, and the goroutine that did the work serves
// others, or ends.

// parkTime is how long a connection receives nothing before it is parked.
const parkTime = time.Second

// lookToPark has a connection that is busy be looked at when that may be over. One that is
// parked behind each message needs no look, and its deadline stays where it is.
func (c *Conn) lookToPark(now instant.Instant) {
	if alive := &c.in.wait.alive; *alive == instant.Never || alive.Since(now) > parkTime {
		*alive = now.After(parkTime)
	}
}

// errParked ends a goroutine that serves a connection, but not the connection.
var errParked = errors.New("websocket: parked")

// parkable reports whether the connection may wait on another goroutine: a Server
// serves it, and no part of a message has been received.
func (c *Conn) parkable(now instant.Instant) bool {
	return c.in.parks && c.in.Idle() && now.Since(c.in.alive.Heard) >= parkTime
}

// start serves the connection on goroutines of its own, the first of which owns reading.
func (s *service) start() {
	s.c.in.parks = s.c.transport.Raw()
	s.c.in.slow = s.c.in.parks
	go s.run(true)
}

// run serves the connection until it ends or is parked. If it is parked, run serves
// others that wake up.
func (s *service) run(open bool) {
	if !s.runOne(open) {
		return
	}
	var w worker
	for w.next() {
		w.service.runOne(false)
		w.service = nil
	}
}

// runOne serves the connection until it ends or is parked.
func (s *service) runOne(open bool) (parked bool) {
	defer func() {
		if !parked {
			s.end()
			s.ended(s.c)
		}
	}()
	if parked = s.serve(open) == errParked; !parked {
		return false
	}
	wait := &s.c.in.wait
	wait.dropWatch(&s.c.in.watch)
	if wait.arm(s.c) == nil {
		go s.park()
	} else {
		go s.run(false)
	}
	return true
}

// park waits until the connection is readable, or a deadline has passed, and then has it
// served again.
//
// NOTE: the stack of this call is a large part of the memory of an idle connection, so
// that it calls as little as possible.
func (s *service) park() {
	s.c.transport.Await()
	s.unpark()
}

//go:noinline // it would make the stack of park larger
func (s *service) unpark() {
	s.c.in.slow = false
	select {
	case awake <- s:
	default:
		s.run(false)
	}
}

// awake passes connections that have woken up from their small stacks to workers. A stack
// that grows costs more than a message.
var awake = make(chan *service)

// worker is a goroutine that has served a connection until it was parked: its stack has
// grown. It serves connections that wake up, until there was none for workerTime.
type worker struct {
	service *service
	timer   *time.Timer
}

const (
	workerTime  = time.Second
	idleWorkers = 64 // at most
)

var idle atomic.Int32 // workers that wait

// next waits for a connection that wakes up.
func (w *worker) next() bool {
	defer idle.Add(-1)
	if idle.Add(1) > idleWorkers {
		return false
	}
	if w.timer == nil {
		w.timer = time.NewTimer(workerTime)
	} else {
		w.timer.Reset(workerTime)
	}
	select {
	case w.service = <-awake:
		return true
	case <-w.timer.C:
		return false
	}
}

// dropWatch releases the timer of a watch that is not running: an idle connection needs
// none.
func (w *wait) dropWatch(watch *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !watch.set.Load() {
		watch.timer = nil
	}
}
