package relay

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/codec"
)

// replay sends again what clients have sent, in the order of the recording: each thing
// once everything before it has been sent, on all connections, and once the answers that
// were recorded before it have come. So a client's Close follows the server's, and a
// message that answers another one follows it, however fast either end is.
type replay struct {
	command  *ReplayCommand
	to       *upstream
	out      io.Writer // for how it went
	schedule schedule
	answers  []step        // that are to come
	progress chan struct{} // holds a value when an answer has come, or a connection has ended

	mu    sync.Mutex
	steps []step // that are to be done
}

// step is something that a client has sent, its opening handshake first, or that a
// server has answered.
type step struct {
	at     float64 // seconds since the recording began
	player *player
	sent   *recording.Sending // nil for the opening handshake
	nth    int                // of the player's answers, from 1 on
}

// add adds what was recorded of a player's connection.
func (r *replay) add(p *player) {
	r.steps = append(r.steps, step{at: p.recorded.Began, player: p})
	p.left = 1
	for i, s := range p.recorded.Sent[codec.Client] {
		// Recorded Pongs answered Pings that may come at other times.
		if s.Opcode != codec.OpPong || s.Illegal {
			r.steps = append(r.steps, step{at: s.At, player: p, sent: &p.recorded.Sent[codec.Client][i]})
			p.left++
		}
	}
	for n, at := range p.want.times {
		// Answers that are not compared may be other ones, and fewer.
		if r.command.Compare || p.want.all[n].opcode == codec.OpClose {
			r.answers = append(r.answers, step{at: at, player: p, nth: n + 1})
		}
	}
}

// run does all steps, and returns how many connections did not go as recorded.
func (r *replay) run(ctx context.Context) int {
	byTime := func(a, b step) int { return cmp.Compare(a.at, b.at) }
	slices.SortStableFunc(r.steps, byTime)
	slices.SortStableFunc(r.answers, byTime)
	var finishing sync.WaitGroup
	var failed atomic.Int32
	for len(r.steps) > 0 {
		s := r.steps[0]
		p := s.player
		if !p.done {
			err := r.await(ctx, s)
			if err == nil && !p.gone() {
				err = p.do(ctx, s.sent)
			}
			p.left--
			if p.done = err != nil || p.left == 0 || p.gone(); p.done {
				finishing.Go(func() {
					if !p.finish(ctx, err) {
						failed.Add(1)
					}
				})
			}
		}
		r.mu.Lock()
		r.steps = r.steps[1:]
		r.mu.Unlock()
	}
	finishing.Wait()
	return int(failed.Load())
}

// await waits until a step is due, and until the answers before it have come. It stops
// waiting for answers if none has come for the time of --wait: the connections do not go
// as recorded any more.
func (r *replay) await(ctx context.Context, s step) error {
	due := time.After(r.schedule.until(s.at))
	for late := (<-chan time.Time)(nil); due != nil || r.missing(s.at); {
		if due == nil {
			late = time.After(r.command.Wait)
		}
		select {
		case <-due:
			due = nil
		case <-r.progress:
		case <-late:
			r.answers = nil
		case <-s.player.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// missing reports whether an answer has not come that was recorded before a time, and may
// come.
func (r *replay) missing(at float64) bool {
	for len(r.answers) > 0 && r.answers[0].at < at {
		if a := r.answers[0]; !a.player.gone() && int(a.player.answered.Load()) < a.nth {
			return true
		}
		r.answers = r.answers[1:]
	}
	return false
}

// before reports whether something is still to be sent that was recorded before a time.
func (r *replay) before(at float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.steps) > 0 && r.steps[0].at < at
}

// signal sets what waits for c going, if it does not know yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
