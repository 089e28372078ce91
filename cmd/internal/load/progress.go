package load

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// steps is how finely the bar is divided.
const steps = 1000

// newProgress shows a bar on a terminal. show puts it to how far a run is, with the newest
// figures of t, and end takes it away.
func newProgress(p *plan) (show func(t *timeline, elapsed time.Duration), end func()) {
	bar := reach.NewBar(steps,
		progressbar.OptionSetDescription("connecting"),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)
	show = func(t *timeline, elapsed time.Duration) {
		newest, total := t.newest()
		bar.Describe(fmt.Sprintf("%s/s  p50 %s  p99 %s", humanize.Comma(int64(ratio(float64(newest.Messages), newest.Length))), duration(newest.P50), duration(newest.P99)))
		part := 0.0
		if p.Duration > 0 {
			part = elapsed.Seconds() / p.Duration.Seconds()
		}
		if p.Messages > 0 {
			part = max(part, float64(total.messages)/float64(p.Messages))
		}
		_ = bar.Set(int(min(part, .999) * steps)) // what it cannot show is not missed
	}
	return show, func() { _ = bar.Finish() }
}
