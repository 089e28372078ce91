package relay

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/codec"
)

// order keeps what is sent again in the order of the recording: a client sends
// something once everything before it has been sent, by all clients, and once the
// answers that were recorded before it have come. So a client's Close follows the
// server's, and a message that answers another one follows it, however fast either end
// is. All methods may be called concurrently.
type order struct {
	mu      sync.Mutex
	steps   []step // that are to come
	answers []step
	offered bool      // the first step was offered to its player
	last    time.Time // when a step was done, or an answer came
}

// step is something that a client has sent, its opening handshake first, or that a
// server has answered.
type step struct {
	at     float64 // seconds since the recording began
	player *player
	nth    int // of the player's answers, from 1 on
}

// newOrder returns the order of what was recorded for players.
func newOrder(players []*player) *order {
	o := &order{last: time.Now()}
	for _, p := range players {
		p.order = o
		o.steps = append(o.steps, step{at: p.recorded.Began, player: p})
		for _, s := range p.recorded.Sent[codec.Client] {
			if !leftOut(s) {
				o.steps = append(o.steps, step{at: s.At, player: p})
			}
		}
		for n, at := range p.want.times {
			// Answers that are not compared may be other ones, and fewer.
			if p.command.Compare || p.want.all[n].opcode == codec.OpClose {
				o.answers = append(o.answers, step{at, p, n + 1})
			}
		}
	}
	byTime := func(a, b step) int { return cmp.Compare(a.at, b.at) }
	slices.SortStableFunc(o.steps, byTime)
	slices.SortStableFunc(o.answers, byTime)
	o.offer()
	return o
}

// leftOut reports whether what a client has sent is not sent again: its Pongs, which
// answered Pings that may come at other times.
func leftOut(s recording.Sending) bool { return s.Opcode == codec.OpPong && !s.Illegal }

// update notes what a player has done, and offers the first step to its player if
// nothing is missing before it.
func (o *order) update(note func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	note()
	o.last = time.Now()
	o.offer()
}

func (o *order) offer() {
	for len(o.answers) > 0 && (o.answers[0].player.over || o.answers[0].player.answered >= o.answers[0].nth) {
		o.answers = o.answers[1:]
	}
	for len(o.steps) > 0 && o.steps[0].player.over {
		o.steps = o.steps[1:]
	}
	if len(o.steps) == 0 || o.offered || len(o.answers) > 0 && o.answers[0].at < o.steps[0].at {
		return
	}
	o.offered = true
	o.steps[0].player.turn <- struct{}{}
}

// done notes that the player of the first step has done it.
func (o *order) done() {
	o.update(func() { o.steps, o.offered = o.steps[1:], false })
}

// answered notes how many answers a player has got.
func (o *order) answered(p *player, n int) {
	o.update(func() { p.answered = n })
}

// leave notes that nothing more is to be expected of a player.
func (o *order) leave(p *player) {
	o.update(func() {
		p.over = true
		if len(o.steps) > 0 && o.steps[0].player == p {
			o.offered = false
		}
	})
}

// hurry stops waiting for answers if none has come for a time d: the connections do not
// go as recorded any more.
func (o *order) hurry(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.last) >= d {
		o.answers = nil
		o.offer()
	}
}

// before reports whether something is still to be sent that was recorded before a time.
func (o *order) before(at float64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.steps) > 0 && o.steps[0].at < at
}
