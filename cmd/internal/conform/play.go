package conform

import (
	"context"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// pause is what elapses between the parts of a case that must not be answered
// yet. It is longer than a round trip to anywhere.
const pause = time.Second

// play plays the cases, several at a time, and returns the results in order:
// those that were finished before ctx ended.
func (c *Command) play(ctx context.Context, to *target, games []game) []result {
	results := make([]result, len(games))
	progress := reach.NewBar(len(games), progressbar.OptionShowCount())
	defer progress.Finish()

	var players errgroup.Group
	players.SetLimit(c.Parallel)
	for i, g := range games {
		players.Go(func() error {
			progress.Describe(g.ID)
			if r := to.play(ctx, g, c.Messages); ctx.Err() == nil {
				results[i] = r
				progress.Add(1)
			}
			return nil
		})
		if ctx.Err() != nil {
			break
		}
	}
	players.Wait()
	return slices.DeleteFunc(results, func(r result) bool { return r.ID == "" })
}

// play plays one case on a connection of its own.
func (t *target) play(ctx context.Context, g game, messages int) result {
	start := time.Now()
	offer := ""
	if g.deflate != nil {
		offer = g.deflate.Offer()
	}
	nc, answer, err := t.open(ctx, offer)
	if err != nil {
		return unreachable(g, time.Since(start), err)
	}
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	opt := wstest.Options{Mode: g.mode, Patience: t.patience, Pause: pause, Messages: messages}
	var r wstest.Report
	if g.deflate != nil {
		r = wstest.PlayDeflateUpgraded(nc, g.deflate, answer, opt)
	} else {
		r = wstest.Play(nc, codec.Server, g.Case, opt)
	}
	return newResult(g, time.Since(start), r)
}
