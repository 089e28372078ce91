package load

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// visitor is a connection of a stage, and its Handler.
type visitor struct {
	*stage
	number int
	inline bool          // Message itself sends
	wake   chan struct{} // for the sender otherwise: something may be sent

	sending sync.Mutex // held while messages leave, so that they do so in the window's order

	mu     sync.Mutex // for the fields below; it is taken before the stage's
	conn   *websocket.Conn
	window window
	due    []int64 // of the messages that may be sent, the oldest first: when they were due, 0 for now
	left   int     // answers that the next message waits for; 0 for all of them
	gone   bool
}

// inlineBytes is how much may be in flight where Message itself sends: no more than
// sockets hold. Otherwise both ends could wait for the other one to read.
const inlineBytes = 32 << 10

func newVisitor(s *stage, l link) *visitor {
	p := s.plan
	v := &visitor{stage: s, number: l.number, conn: l.conn, wake: make(chan struct{}, 1), window: newWindow(l.number, p.script, p.Pipeline, s.tally)}
	if own := len(s.exchange.sent) > 0; own {
		v.window.own = make([][]byte, 4*len(v.window.since))
	} else {
		v.inline = s.exchange.answers > 0 && p.Pipeline*p.script.Largest() <= inlineBytes
	}
	return v
}

// live opens the connection of v, if it is not open, and serves it.
func (v *visitor) live(ctx context.Context) {
	if v.conn == nil && !v.dial(ctx) {
		return
	}
	if !v.plan.Receive {
		if !v.inline {
			go v.sender()
		}
		if v.rate == 0 {
			v.allow(v.plan.Pipeline)
		}
	}
	_ = v.conn.Serve(v) // Close gets the error
}

// dial opens the connection of v when the ramp says so.
func (v *visitor) dial(ctx context.Context) bool {
	if !v.sleep(v.exchange.ramp.opens(v.number, len(v.visitors)) - time.Duration(v.now())) {
		return false
	}
	l, err := dial(ctx, v.plan.URL, *v.plan.dial, false)
	if err != nil {
		if ctx.Err() == nil {
			v.fail(refused, err)
		}
		return false
	}
	v.mu.Lock()
	v.conn = l.conn
	v.mu.Unlock()
	if v.open.Add(1) == 1 {
		v.plan.agreed = l.extensions
	}
	return true
}

// offer has v send a message that was due at a time, unless it has no room or is gone.
func (v *visitor) offer(due int64) bool {
	v.mu.Lock()
	room := v.conn != nil && !v.gone && len(v.due)+v.window.InFlight() < v.plan.Pipeline
	if room {
		v.due = append(v.due, due)
	}
	v.mu.Unlock()
	if room {
		v.emit()
	}
	return room
}

// allow has v send n more messages.
func (v *visitor) allow(n int) {
	v.mu.Lock()
	v.due = append(v.due, make([]int64, n)...)
	v.mu.Unlock()
	v.emit()
}

// emit sends what may be sent, or has the sender do so.
func (v *visitor) emit() {
	if v.inline {
		v.flush()
		return
	}
	select {
	case v.wake <- struct{}{}:
	default: // it was woken already
	}
}

// sender sends on a goroutine of its own.
func (v *visitor) sender() {
	for {
		select {
		case <-v.wake:
			v.flush()
		case <-v.over:
			return
		}
	}
}

// flush sends what may be sent. That it fails, Close gets to know.
func (v *visitor) flush() {
	v.sending.Lock()
	defer v.sending.Unlock()
	for batch := v.take(); len(batch) > 0; batch = v.take() {
		for _, p := range batch[:len(batch)-1] {
			_ = v.conn.Queue(context.Background(), v.plan.script.Opcode, p)
		}
		_ = v.conn.Write(context.Background(), v.plan.script.Opcode, batch[len(batch)-1])
		if v.exchange.answers == 0 {
			v.answered(len(batch))
		}
	}
}

// take returns the messages that leave now. In a closed load without a time to think half
// of those in flight have to be back first: a server that sends them one by one shall not
// make us do so.
func (v *visitor) take() (batch [][]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w, now, room := &v.window, v.now(), v.plan.Pipeline-v.window.InFlight()
	switch {
	case v.gone || v.stopped.Load():
		return nil
	case v.rate == 0 && (v.schedule.end > 0 && now >= v.schedule.end || v.plan.Think == 0 && w.InFlight() > v.plan.Pipeline/2):
		return nil
	}
	bytes := 0
	n := v.schedule.budget.take(min(len(v.due), room))
	for _, due := range v.due[:n] {
		if w.own != nil {
			p, err := v.exchange.render(w.slotOf(w.Sent), v.serial.Add(1)-1, v.number)
			if err != nil {
				v.locked(func(t *tally) { t.faults.add(broken, 1, "connection %d: --send: %v", v.number, err) })
				continue
			}
			*w.slotOf(w.Sent) = p
		}
		if due == 0 {
			due = now
		}
		batch = append(batch, w.payload(w.Sent))
		bytes += len(batch[len(batch)-1])
		w.send(now, due)
	}
	v.due = slices.Delete(v.due, 0, n)
	v.locked(func(t *tally) { t.sent(len(batch), bytes) })
	return batch
}

// answered counts the next n messages, which want no answer.
func (v *visitor) answered(n int) {
	v.mu.Lock()
	v.locked(func(*tally) {
		for range n {
			v.window.answered(v.window.Next)
			v.window.Next++
		}
	})
	v.mu.Unlock()
	v.release(n)
}

// release allows n messages more in a closed load, after the time to think.
func (v *visitor) release(n int) {
	switch {
	case n == 0:
	case v.rate > 0:
		v.emit() // there is room
	case v.plan.Think > 0:
		time.AfterFunc(v.plan.Think, func() { v.allow(n) })
	default:
		v.allow(n)
	}
}

// Open does nothing: what may be sent begins.
func (v *visitor) Open(*websocket.Conn) {}

// Message judges what has come, and sends what may be sent in its place.
func (v *visitor) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	x := v.exchange
	switch {
	case v.plan.Receive:
		if v.schedule.budget == nil || v.schedule.budget.take(1) == 1 {
			v.locked(func(t *tally) { t.received(len(p)) })
		}
		return
	case x.pattern != nil && !x.pattern.Match(p):
		return
	}
	v.mu.Lock()
	w := &v.window
	before := w.Next
	v.locked(func(t *tally) {
		switch {
		case x.echo:
			w.arrive(op, p)
		case w.InFlight() > 0: // a server may send more than answers
			w.heard = t.now
			if v.left == 0 {
				v.left = x.answers
			}
			if v.left--; v.left == 0 {
				t.arrived(t.now-*w.slot(w.Next), 1, len(p))
				w.Next++
			}
		}
	})
	n := int(w.Next - before)
	v.mu.Unlock()
	v.release(n)
}

// Close counts what the connection's end means.
func (v *visitor) Close(_ *websocket.Conn, err error) { v.fail(kindOf(err), err) }

// fail counts why v ended before its time; see end.
func (v *visitor) fail(kind fault, err error) {
	v.end(func(t *tally) {
		v.dead.Add(1)
		if v.failed == nil {
			v.failed = err
		}
		t.faults.add(kind, 1, "connection %d: %v", v.number, err)
	})
}

// end calls why, and gives up what has not come, the first time that it is called. It
// returns the connection.
func (v *visitor) end(why func(t *tally)) *websocket.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.gone {
		v.gone = true
		v.locked(func(t *tally) {
			why(t)
			v.window.giveUp()
		})
	}
	return v.conn
}

// waits reports whether answers are missing, or messages are to be sent.
func (v *visitor) waits(stopped bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	owes := v.rate > 0 && !stopped && len(v.due) > 0 && !v.schedule.budget.empty()
	return !v.gone && (owes || v.window.InFlight() > 0 || len(v.window.missing) > 0)
}

// watch ends the connection if an answer is overdue.
func (v *visitor) watch(now int64) {
	v.mu.Lock()
	late := !v.gone && v.window.silent(now, int64(v.plan.Timeout))
	v.mu.Unlock()
	if late {
		v.fail(broken, errSilent)
		v.conn.CloseNow()
	}
}

// leave gives up what has not come, and closes. On a connection that a Handler is served
// by, Close does not wait.
func (v *visitor) leave() {
	if conn := v.end(func(*tally) {}); conn != nil {
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}
