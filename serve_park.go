package websocket

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Parking. The stack of a goroutine does not shrink below the size that its deepest call
// needed, and most connections are idle most of the time. So an idle connection waits on
// a new goroutine with the smallest stack. The goroutine with the large stack serves
// other connections, or ends.

// parkTime is how long a connection receives nothing before it is parked.
const parkTime = time.Second

// errParked ends a goroutine that serves a connection, but not the connection.
var errParked = errors.New("websocket: parked")

// mayPark reports whether the goroutine that reads may be replaced: it is the library's
// own, and does not read ahead for a Handler whose method is running.
func (c *Conn) mayPark() bool { return c.in.parks && c.in.owner.holder.Load() == eventLoop }

// quiet reports whether no part of a message has been received, and nothing for parkTime.
func (c *Conn) quiet(now instant.Instant) bool {
	return c.in.Idle() && now.Since(c.in.alive.Heard) >= parkTime
}

// start serves the connection on goroutines of the library. The caller has acquired read
// ownership with take.
func (s *service) start() {
	s.c.in.parks = s.c.transport.Raw()
	s.c.in.slow = s.c.in.parks
	go s.run(true)
}

// run serves the connection until it ends or is parked. After it has parked the
// connection, run serves others that wake up.
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

// park waits until the connection is readable or a deadline has passed, and then
// continues to serve it.
//
// NOTE: the stack of this call is a large part of the memory of an idle connection. So
// park calls as little as possible.
func (s *service) park() {
	s.c.transport.Await()
	s.unpark()
}

//go:noinline // inlining would make the stack of park larger
func (s *service) unpark() {
	s.c.in.slow = false
	select {
	case awake <- s:
	default:
		s.run(false)
	}
}

// awake passes connections that wake up to workers, whose stacks are large enough. To grow
// a stack costs more than to handle a message.
var awake = make(chan *service)

// worker is a goroutine whose stack has grown, because it served a connection until that
// was parked. It serves connections that wake up, and ends after workerTime without one.
type worker struct {
	service *service
	timer   *time.Timer
}

const (
	workerTime  = time.Second
	idleWorkers = 64 // at most
)

var idle atomic.Int32 // workers that wait

// next waits for a connection that wakes up. It returns false if the worker has to end.
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

// dropWatch frees the timer of a watch that is not running, because an idle connection
// does not need it.
func (w *wait) dropWatch(watch *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !watch.set.Load() {
		watch.timer = nil
	}
}
