package load

import (
	"math"
	"sync/atomic"
	"time"
)

// schedule says when messages are due, in ns since the run's start. Messages go to
// the connections in turn: message j of connection i is number j×connections + i,
// and due at its number ÷ rate. In the closed load, rate 0, all are always due.
type schedule struct {
	rate        float64 // messages per second on all connections together
	connections int
	end         int64 // nothing is due any more; 0 for no end
	budget      *budget
}

// quantum is the step in which messages become due in an open load, in ns. To wake
// for each message would cost more than to send it.
const quantum = int64(200 * time.Microsecond)

// due returns when message j of connection i is due in an open load.
func (s *schedule) due(i int, j int64) int64 {
	exact := int64((float64(j)*float64(s.connections) + float64(i)) / s.rate * 1e9)
	return exact - exact%quantum
}

// dueBy returns how many messages of connection i are due by now.
func (s *schedule) dueBy(i int, now int64) int64 {
	if s.rate == 0 {
		return math.MaxInt64
	}
	now = s.clamp(now)
	j := int64((seconds(now)*s.rate - float64(i)) / float64(s.connections))
	for j > 0 && s.due(i, j-1) > now { // float64 rounds: due decides
		j--
	}
	for s.due(i, j) <= now {
		j++
	}
	return j
}

// clamp returns now, or the last moment at which something is due.
func (s *schedule) clamp(now int64) int64 {
	if s.end > 0 {
		return min(now, s.end-1)
	}
	return now
}

// since returns when the latency of message j of connection i begins if it is sent
// at now: in an open load when it was due, however late that is.
func (s *schedule) since(i int, j, now int64) int64 {
	if s.rate == 0 {
		return now
	}
	return s.due(i, j)
}

// over reports whether nothing more becomes due. What was due before and could not be
// sent yet is still sent in an open load.
func (s *schedule) over(now int64) bool {
	return s.end > 0 && now >= s.end || s.budget.empty()
}

// allow returns how many messages connection i may send at now, which has sent so
// many and may have room more in flight. They are taken from the budget.
func (s *schedule) allow(i int, sent int64, room int, now int64) int {
	if s.rate == 0 && s.end > 0 && now >= s.end {
		return 0
	}
	return s.budget.take(int(min(s.dueBy(i, now)-sent, int64(room))))
}

// budget is how many messages some connections may still send. A nil budget has no
// end.
type budget struct{ left atomic.Int64 }

func newBudget(n int64) *budget {
	b := &budget{}
	b.left.Store(n)
	return b
}

// take takes up to n.
func (b *budget) take(n int) int {
	if b == nil || n <= 0 {
		return max(n, 0)
	}
	left := b.left.Add(-int64(n))
	return max(0, n+int(min(left, 0)))
}

func (b *budget) empty() bool { return b != nil && b.left.Load() <= 0 }
