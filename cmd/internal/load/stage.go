package load

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
)

// stage drives connections that carry out an exchange. Each opens its connection when
// the ramp says so, and sends when a ticket allows it: in a closed load, one comes
// back with each answer; in an open load, the schedule hands them out.
type stage struct {
	*run
	exchange *exchange
	visitors []*visitor
	budget   *budget
	number   atomic.Int64 // of the next message
	open     atomic.Int64 // connections that were opened
	dead     atomic.Int64 // connections that ended before their time, or were not opened
	failed   error        // the first reason; guarded by mu
	over     chan struct{}

	mu    sync.Mutex
	tally *tally
}

// visitor is a connection of a stage, and its Handler.
type visitor struct {
	*stage
	id      int
	conn    *websocket.Conn
	tickets chan int64 // when messages were due; 0 for as soon as possible

	mu      sync.Mutex
	owed    []owed // oldest first
	gone    bool
	payload []byte
}

// owed is what a message waits for.
type owed struct {
	since, sent int64
	answers     int
	payload     []byte // nil unless it has to come back
}

// carryOutExchange opens the connections, lets them carry out the exchange, and closes
// them.
func (p *plan) carryOutExchange(ctx context.Context, watch func(*timeline, time.Duration)) (*run, error) {
	r := &run{plan: p, watch: watch, timeline: newTimeline(p.duration), schedule: &schedule{end: int64(p.duration)}}
	s := &stage{run: r, exchange: p.exchange, tally: newTally(r.timeline), over: make(chan struct{})}
	if p.messages > 0 {
		s.budget = newBudget(p.messages)
	}
	for i := range p.connections {
		s.visitors = append(s.visitors, &visitor{stage: s, id: i, tickets: make(chan int64, p.depth)})
	}
	r.links = p.connections // until it is known
	err := r.drive(ctx, []driver{s})
	r.links = int(s.open.Load())
	if r.links == 0 && err == nil && s.failed != nil {
		err = s.failed
	}
	return r, err
}

// drive is the life of a stage.
func (s *stage) drive() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	for _, v := range s.visitors {
		all.Go(func() { v.live(ctx) })
	}
	if s.plan.rate > 0 {
		all.Go(s.dispatch)
	}
	for !s.finished() {
		time.Sleep(time.Duration(tick) / 10)
		s.locked(func(t *tally) { t.roll(s.now()) })
		for _, v := range s.visitors {
			v.expire(s.now())
		}
	}
	s.finish(cancel)
	all.Wait()
	s.locked(func(t *tally) {
		t.roll(s.now())
		t.report(true)
	})
	return nil
}

// locked calls f with the tally, which no other goroutine uses meanwhile.
func (s *stage) locked(f func(t *tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.now = s.now()
	f(s.tally)
}

// finished reports whether nothing more is to be sent or received.
func (s *stage) finished() bool {
	now := s.now()
	return s.stopped.Load() || s.schedule.over(now) || s.budget.empty() && !s.waiting() || s.dead.Load() == int64(len(s.visitors))
}

// waiting reports whether answers are missing.
func (s *stage) waiting() bool {
	for _, v := range s.visitors {
		v.mu.Lock()
		missing := len(v.owed) > 0 && !v.gone
		v.mu.Unlock()
		if missing {
			return true
		}
	}
	return false
}

// finish lets the answers come that are missing, and closes.
func (s *stage) finish(cancel context.CancelFunc) {
	close(s.over)
	for limit := s.now() + s.drainTime(); s.waiting() && s.now() < limit; {
		time.Sleep(time.Millisecond)
	}
	cancel()
	var closing sync.WaitGroup
	for _, v := range s.visitors {
		closing.Go(v.leave)
	}
	closing.Wait()
}

// dispatch hands out the tickets of an open load, to the connections in turn. It waits
// for one that has as many messages in flight as it may: that message is late then, and
// its latency counts from when it was due.
func (s *stage) dispatch() {
	for n := 0; ; n++ {
		due := int64(s.exchange.ramp.due(float64(n), s.plan.rate) * 1e9)
		if wait := time.Duration(due - s.now()); wait > 0 {
			select {
			case <-time.After(wait):
			case <-s.over:
				return
			}
		}
		for turn := n; ; turn++ {
			v := s.visitors[turn%max(1, min(len(s.visitors), int(s.open.Load())))]
			if v.offer(due) {
				break
			}
			if (turn-n)%len(s.visitors) == len(s.visitors)-1 {
				select {
				case <-time.After(time.Millisecond):
				case <-s.over:
					return
				}
			}
		}
	}
}

// offer hands a ticket to v, unless it has no room or is gone.
func (v *visitor) offer(due int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return false
	}
	select {
	case v.tickets <- due:
		return true
	default:
		return false
	}
}

// live opens the connection of v and serves it.
func (v *visitor) live(ctx context.Context) {
	select {
	case <-time.After(v.exchange.ramp.opens(v.id, len(v.visitors)) - time.Duration(v.now())):
	case <-v.over:
		return
	}
	l, err := dial(ctx, v.plan.url, *v.plan.dial, false)
	if err != nil {
		if ctx.Err() == nil {
			v.fail(refused, err)
		}
		return
	}
	v.mu.Lock()
	v.conn = l.conn
	v.mu.Unlock()
	if v.open.Add(1) == 1 {
		v.plan.agreed = l.extensions
	}
	if !v.exchange.receive {
		go v.send(ctx)
	}
	if v.plan.rate == 0 {
		for range v.plan.depth {
			v.offer(0)
		}
	}
	_ = l.conn.Serve(v) // Close gets the error
}

// send sends a message for each ticket.
func (v *visitor) send(ctx context.Context) {
	for {
		select {
		case <-v.over:
			return
		case due := <-v.tickets:
			if v.budget.take(1) == 0 || !v.sendOne(ctx, due) {
				return
			}
		}
	}
}

// sendOne sends a message that was due at a time, 0 for now.
func (v *visitor) sendOne(ctx context.Context, due int64) bool {
	x := v.exchange
	payload, err := x.append(v.payload[:0], v.number.Add(1)-1, v.id, v.plan.script)
	if err != nil {
		v.locked(func(t *tally) { t.faults.add(broken, 1, "connection %d: --send: %v", v.id, err) })
		return false
	}
	v.payload = payload
	now := v.now()
	if due == 0 {
		due = now
	}
	if x.answers > 0 {
		o := owed{since: due, sent: now, answers: x.answers}
		if x.echo {
			o.payload = bytes.Clone(payload)
		}
		v.mu.Lock()
		v.owed = append(v.owed, o)
		v.mu.Unlock()
	}
	v.locked(func(t *tally) { t.sent(1, len(payload)) })
	if v.conn.Write(ctx, x.opcode, payload) != nil {
		return false // Close gets the error
	}
	if x.answers == 0 {
		v.complete(due, len(payload))
	}
	return true
}

// complete counts a message that was due at a time and has all of its answers, with so
// many bytes, and allows another one.
func (v *visitor) complete(since int64, size int) {
	v.locked(func(t *tally) { t.arrived(t.now-since, 1, size) })
	v.release()
}

// release allows another message in a closed load, after the time to think.
func (v *visitor) release() {
	if v.plan.rate > 0 {
		return
	}
	if v.exchange.think > 0 {
		time.AfterFunc(v.exchange.think, func() { v.offer(0) })
		return
	}
	v.offer(0)
}

// Open does nothing: tickets begin.
func (v *visitor) Open(*websocket.Conn) {}

// Message judges what has come.
func (v *visitor) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	x := v.exchange
	if x.receive {
		if v.budget.take(1) == 1 || v.budget == nil {
			v.locked(func(t *tally) { t.received(len(p)) })
		}
		return
	}
	if x.pattern != nil && !x.pattern.Match(p) {
		return
	}
	v.mu.Lock()
	if len(v.owed) == 0 {
		v.mu.Unlock()
		if x.echo { // a server may send more than answers
			v.locked(func(t *tally) {
				t.faults.add(unasked, 1, "connection %d: message of %d bytes when none was in flight", v.id, len(p))
			})
		}
		return
	}
	first := &v.owed[0]
	want, since := first.payload, first.since
	if first.answers--; first.answers > 0 {
		v.mu.Unlock()
		return
	}
	v.owed = v.owed[1:]
	v.mu.Unlock()
	if x.echo && (op != x.opcode || !bytes.Equal(p, want)) {
		v.locked(func(t *tally) { t.faults.add(wrongContent, 1, "connection %d: %s", v.id, difference(p, want)) })
		v.release()
		return
	}
	v.complete(since, len(p))
}

// Close counts what the connection's end means.
func (v *visitor) Close(_ *websocket.Conn, err error) {
	select {
	case <-v.over:
		v.end()
	default:
		v.fail(kindOf(err), err)
	}
}

// fail counts why v ended before its time, and what is lost with it, the first time
// that it is called.
func (v *visitor) fail(kind fault, err error) {
	lost, first := v.end()
	if !first {
		return
	}
	v.locked(func(t *tally) {
		if v.failed == nil {
			v.failed = err
		}
		t.faults.add(kind, 1, "connection %d: %v", v.id, err)
		v.lose(t, lost)
	})
	v.dead.Add(1)
}

// end marks v as gone, and returns how many messages lack answers, and whether v was
// not gone before.
func (v *visitor) end() (missing int, first bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	missing, first = len(v.owed), !v.gone
	v.gone, v.owed = true, nil
	return missing, first
}

func (v *visitor) lose(t *tally, n int) {
	if n > 0 {
		t.faults.add(lost, int64(n), "connection %d: an answer never came", v.id)
	}
}

// expire ends the connection if an answer is overdue.
func (v *visitor) expire(now int64) {
	v.mu.Lock()
	late := !v.gone && len(v.owed) > 0 && now-v.owed[0].sent > int64(v.plan.timeout)
	v.mu.Unlock()
	if late {
		v.fail(broken, errSilent)
		v.conn.CloseNow()
	}
}

// leave gives up what has not come, and closes.
func (v *visitor) leave() {
	missing, _ := v.end()
	v.locked(func(t *tally) { v.lose(t, missing) })
	v.mu.Lock()
	conn := v.conn
	v.mu.Unlock()
	if conn != nil {
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}
