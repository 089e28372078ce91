package load

import "time"

// lane keeps time for some connections: when to send, when to report, when to give
// up and when to end. One goroutine calls its methods.
type lane struct {
	*run
	members []*socket
	live    int // members that have not ended
	tally   *tally

	paced   int   // how many messages of the members were due so far
	checked int64 // when check was called last
	over    int64 // when the last message was due; 0 before
	parting bool  // the closing handshakes have begun
}

// due returns when the n-th message of the members is due in an open load.
func (l *lane) due(n int) int64 {
	i, j := n%len(l.members), n/len(l.members)
	return l.schedule.due(l.members[i].number, int64(j))
}

// pace sends what has become due in an open load.
func (l *lane) pace(now int64) {
	if l.schedule.rate == 0 {
		return
	}
	for ; l.due(l.paced) <= l.schedule.clamp(now); l.paced++ {
		l.members[l.paced%len(l.members)].push(now)
	}
}

// patience returns for how long nothing is due.
func (l *lane) patience() time.Duration {
	now := l.now()
	next := l.checked + tick
	if l.schedule.rate > 0 && l.over == 0 {
		next = min(next, l.due(l.paced))
	}
	if end := l.schedule.end; end > now {
		next = min(next, end)
	}
	return time.Duration(max(next-now, 0))
}

// finished does what is due besides sending, and reports whether all is done.
func (l *lane) finished() bool {
	now := l.now()
	if now >= l.checked+tick {
		l.check(now)
	}
	if l.live == 0 {
		return true
	}
	if l.over == 0 {
		if !l.stopped.Load() && !l.schedule.over(now) {
			return false
		}
		l.over = now
	}
	if now > l.over+l.drainTime() {
		return true
	}
	for _, m := range l.members {
		if !m.idle(now) {
			return false
		}
	}
	return true
}

// check reports what was counted and looks for echoes that are overdue.
func (l *lane) check(now int64) {
	l.checked = now - now%tick // on time with the intervals
	l.tally.roll(now)
	for _, m := range l.members {
		m.watch(now)
	}
}

// fill decides which messages of w leave at now, and returns how many. In a closed
// load half of those in flight have to be back first: a server that sends them one
// by one shall not make us do so.
func (l *lane) fill(w *window, now int64) (n int) {
	if l.stopped.Load() || l.parting || l.schedule.rate == 0 && w.InFlight() > w.depth/2 {
		return 0
	}
	n = l.schedule.allow(w.number, w.Sent, w.depth-w.InFlight(), now)
	payload := 0
	for range n {
		payload += len(w.Payload(w.Sent))
		w.send(now, l.schedule.since(w.number, w.Sent, now))
	}
	l.tally.sent(n, payload)
	return n
}

// settled reports whether w waits for nothing, and has nothing to send.
func (l *lane) settled(w *window, now int64) bool {
	if w.InFlight() > 0 || len(w.missing) > 0 {
		return false
	}
	owes := l.schedule.rate > 0 && l.schedule.dueBy(w.number, now) > w.Sent && !l.schedule.budget.empty()
	return !owes || l.stopped.Load()
}
