package load

import "time"

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

// patience returns for how long nothing is due.
func (w *worker) patience() time.Duration {
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
	if w.live == 0 {
		return true
	}
	if w.over == 0 {
		if !w.stopped.Load() && !w.schedule.over(now) {
			return false
		}
		w.over = now
	}
	if now > w.over+w.drainTime() {
		return true
	}
	for _, m := range w.members {
		if !m.idle(now) {
			return false
		}
	}
	return true
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
