package main

import (
	"fmt"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how far the run is, in a line.
type progress struct {
	bar    *progressbar.ProgressBar
	length time.Duration
}

func newProgress(w *os.File, length time.Duration, quiet bool) *progress {
	return &progress{length: length, bar: progressbar.NewOptions(1000,
		progressbar.OptionSetWriter(w), progressbar.OptionSetVisibility(!quiet && term.IsTerminal(int(w.Fd()))),
		progressbar.OptionSetWidth(20), progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish())}
}

// show shows the figures of t, and what the server holds.
func (p *progress) show(t *tally, u Usage) {
	messages, injected, failed := t.sums()
	p.bar.Describe(fmt.Sprintf("%s messages, %s faults, %s failures; the server: %s goroutines, %s",
		humanize.Comma(messages), humanize.Comma(int64(injected)), humanize.Comma(int64(failed)), humanize.Comma(int64(u.Goroutines)), size(u.Resident)))
	_ = p.bar.Set(int(min(time.Since(t.start).Seconds()/p.length.Seconds(), .999) * 1000)) // what it cannot show is not missed
}

// end takes the line away.
func (p *progress) end() { _ = p.bar.Finish() }
