package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// ReplayCommand is `zerowire replay`.
type ReplayCommand struct {
	File       string        `arg:"" help:"A recording of zerowire proxy, or an HTTP archive (HAR) with WebSocket messages."`
	URL        string        `arg:"" help:"Server to send it to: ws:// or wss://. Without a path, the recorded one is asked for."`
	Speed      float64       `default:"1" placeholder:"FACTOR" help:"How many times as fast as recorded; 0 waits for answers only (${default})."`
	Connection int           `placeholder:"N" help:"Only the connection with this number."`
	Compare    bool          `default:"true" negatable:"" help:"Compare the answers with those recorded."`
	Wait       time.Duration `default:"2s" help:"How long nothing may come while answers are missing (${default})."`
	Trace      bool          `help:"Print the opening handshakes, and a line for each frame."`
	Width      int           `default:"60" placeholder:"N" help:"Characters of payload to print (${default})."`
	reach.Flags
}

// Help shows what the command is used for.
func (*ReplayCommand) Help() string {
	return `Sends what the clients of a recording have sent, frame by frame with its masking keys and at its time, each connection on one of its own. Pings of the server are answered, so recorded Pongs are left out. A frame is sent once everything before it has been sent on all connections, and once the answers that were recorded before it have come; so a Close frame that answered the server's follows it. Messages and Close frames of the server are compared with those recorded, however they are fragmented and compressed; each difference is a line, and makes the exit code 1.

Examples:

  zerowire proxy --to ws://127.0.0.1:8000 --record chat.jsonl
  zerowire replay chat.jsonl ws://127.0.0.1:8000
  zerowire replay chat.jsonl wss://staging.example.com --speed 10 --no-compare --trace`
}

// Validate refuses what cannot work.
func (c *ReplayCommand) Validate() error {
	if c.Speed < 0 {
		return errors.New("--speed is not below 0")
	}
	_, err := newUpstream(c.URL, &c.Flags)
	return err
}

// Run sends the recording.
func (c *ReplayCommand) Run(ctx context.Context) error {
	to, err := newUpstream(c.URL, &c.Flags)
	if err != nil {
		return err
	}
	rec, err := recording.Open(c.File)
	if err != nil {
		return err
	}
	if c.Connection != 0 {
		rec.Connections = slices.DeleteFunc(rec.Connections, func(other *recording.Connection) bool { return other.Number != c.Connection })
	}
	if len(rec.Connections) == 0 {
		return fmt.Errorf("%s: connection %d is not in the recording", c.File, c.Connection)
	}
	failed := c.playAll(ctx, to, rec, os.Stdout)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ended before the recording did: %w", ctx.Err())
	case failed > 0:
		return fmt.Errorf("%d of %d connections did not go as recorded", failed, len(rec.Connections))
	}
	return nil
}

// playAll sends all connections of a recording, and returns how many did not go as
// recorded. It writes to out from several goroutines, a line at a time.
func (c *ReplayCommand) playAll(ctx context.Context, to *upstream, rec *recording.Recording, out io.Writer) int {
	r := &replay{command: c, to: to, out: out, schedule: schedule{time.Now(), rec.Connections[0].Began, c.Speed}, progress: make(chan struct{}, 1)}
	printer := &trace.Printer{W: out, Width: c.Width, Color: trace.Colors(os.Stdout)}
	for _, conn := range rec.Connections {
		show := func(trace.Event) {}
		if c.Trace {
			show = func(e trace.Event) { printer.PrintOf(conn.Number, e) }
		}
		r.add(&player{replay: r, recorded: conn, show: show, want: recordedAnswers(conn), progress: make(chan struct{}, 1), ended: make(chan struct{})})
	}
	return r.run(ctx)
}

// schedule says when what was recorded is due.
type schedule struct {
	began time.Time
	from  float64 // what was recorded at this time was due when it began
	speed float64
}

// until returns how long it is until what was recorded at a time is due.
func (s schedule) until(at float64) time.Duration {
	if s.speed == 0 {
		return 0
	}
	due := time.Duration((at - s.from) / s.speed * float64(time.Second))
	return time.Until(s.began.Add(due))
}

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
