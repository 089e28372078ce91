package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
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
		if err := rec.Choose(c.Connection); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
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
