package load

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// limit is the longest time that a percentile of the latency may take. On the command
// line it is p99=50ms.
type limit struct {
	percent float64
	longest time.Duration
}

// UnmarshalText parses a limit.
func (l *limit) UnmarshalText(text []byte) error {
	name, value, ok := strings.Cut(string(text), "=")
	percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if !ok || err != nil || !strings.HasPrefix(name, "p") || percent <= 0 || percent > 100 {
		return fmt.Errorf("%q is no limit: want a percentile and a time, such as p99=50ms", text)
	}
	l.percent = percent
	if l.longest, err = time.ParseDuration(value); err != nil || l.longest <= 0 {
		return fmt.Errorf("%q is no limit: %q is no time above zero, such as 50ms", text, value)
	}
	return nil
}

// Limit is a limit of --limit with what was measured.
type Limit struct {
	Percent float64 `json:"percent"`
	Limit   float64 `json:"limit_us"`
	Micros  float64 `json:"us"`
	OK      bool    `json:"ok"`
}

// judge compares the latencies with the limits.
func (r *run) judge() (judged []Limit) {
	h := r.timeline.latency
	for _, l := range r.plan.Limit {
		got := micros(h.ValueAtPercentile(l.percent))
		judged = append(judged, Limit{l.percent, micros(int64(l.longest)), got, h.TotalCount() > 0 && got <= micros(int64(l.longest))})
	}
	return judged
}

// limitError says which limits were exceeded; nil if none was.
func (r *Result) limitError() error {
	var exceeded []string
	for _, l := range r.Limits {
		if !l.OK {
			exceeded = append(exceeded, fmt.Sprintf("p%g is %s, above the limit of %s", l.Percent, duration(l.Micros), duration(l.Limit)))
		}
	}
	switch {
	case exceeded == nil:
		return nil
	case len(r.Latency.Percentiles) == 0:
		return errors.New("no latency was measured that --limit could be compared with")
	}
	return errors.New(strings.Join(exceeded, "; "))
}
