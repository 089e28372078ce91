package load

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// progress shows on a terminal how far a run is.
type progress struct {
	plan *plan
	bar  *progressbar.ProgressBar
}

// steps is how finely the bar is divided.
const steps = 1000

func newProgress(p *plan) *progress {
	return &progress{plan: p, bar: reach.NewBar(steps,
		progressbar.OptionSetDescription("connecting"),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)}
}

// show shows the newest figures of t.
func (p *progress) show(t *timeline, elapsed time.Duration) {
	newest, total := t.newest()
	p.bar.Describe(fmt.Sprintf("%s/s  p50 %s  p99 %s", humanize.Comma(int64(ratio(float64(newest.Messages), newest.Length))), duration(newest.P50), duration(newest.P99)))
	part := 0.0
	if p.plan.Duration > 0 {
		part = elapsed.Seconds() / p.plan.Duration.Seconds()
	}
	if p.plan.Messages > 0 {
		part = max(part, float64(total.messages)/float64(p.plan.Messages))
	}
	_ = p.bar.Set(int(min(part, .999) * steps)) // what it cannot show is not missed
}

// end takes the bar away.
func (p *progress) end() { _ = p.bar.Finish() }
