package conform

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/internal/wstest"
)

// report is what a run came to.
type report struct {
	URL     string    `json:"url"`
	Started time.Time `json:"started"`
	Took    float64   `json:"duration"` // in milliseconds
	Total   counts    `json:"total"`
	Groups  []group   `json:"groups"`
	Results []result  `json:"cases"`

	games  int  // to be played; more than there are results if the run was interrupted
	strict bool // NON-STRICT is failed, too
}

// counts says how many cases got which verdict.
type counts struct {
	Cases         int `json:"cases"`
	Pass          int `json:"pass"`
	Informational int `json:"informational"`
	Unimplemented int `json:"unsupported"`
	NonStrict     int `json:"nonStrict"`
	Failed        int `json:"failed"`
}

func (n *counts) add(v verdict) {
	n.Cases++
	of := [...]*int{pass: &n.Pass, informational: &n.Informational, unimplemented: &n.Unimplemented, nonStrict: &n.NonStrict, failed: &n.Failed}
	*of[v]++
}

// group is the sum of the cases whose numbers begin alike.
type group struct {
	ID    string `json:"id"`
	About string `json:"about"`
	counts
}

// newReport sums up results, which are in the table's order.
func newReport(url string, started time.Time, results []result) *report {
	r := &report{URL: url, Started: started, Took: milliseconds(time.Since(started)), Results: results}
	for _, res := range results {
		if n := len(r.Groups); n == 0 || r.Groups[n-1].ID != res.Group {
			r.Groups = append(r.Groups, group{ID: res.Group, About: wstest.GroupNames[res.Group]})
		}
		r.Groups[len(r.Groups)-1].add(res.Verdict)
		r.Total.add(res.Verdict)
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// tooBig counts the cases that the server's limit on messages ended.
func (r *report) tooBig() (n int) {
	for _, res := range r.Results {
		if res.Verdict == failed && res.CloseCode == 1009 {
			n++
		}
	}
	return n
}

// outcome returns the error that the process ends with.
func (r *report) outcome() error {
	bad := r.Total.Failed
	if r.strict {
		bad += r.Total.NonStrict
	}
	switch {
	case len(r.Results) < r.games:
		return reach.Interrupted{Text: fmt.Sprintf("interrupted after %d of %d cases", len(r.Results), r.games)}
	case bad > 0:
		return fmt.Errorf("%s: %d of %d cases failed", r.URL, bad, r.Total.Cases)
	}
	return nil
}

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	// class makes of a verdict the name of its colour.
	"class": func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "-")) },
}).Parse(page))

// writeHTML writes the report as a page that needs nothing else.
func (r *report) writeHTML(w io.Writer) error { return pageTemplate.Execute(w, r) }

// verdict is the judgement on a whole case.
type verdict int

// The verdicts, from the best to the worst.
const (
	pass          verdict = iota
	informational         // recorded, not judged
	unimplemented         // the server does not do what the case is about, and need not
	nonStrict             // permitted, but later or less than it should be
	failed
)

var verdictNames = [...]string{"pass", "info", "unsupported", "non-strict", "FAIL"}

// String returns the word in the report.
func (v verdict) String() string { return verdictNames[v] }

// MarshalText is String, for JSON.
func (v verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// verdictOf returns what one of the suite's two verdicts makes of a case.
func verdictOf(v wstest.Verdict) verdict {
	switch v {
	case wstest.OK:
		return pass
	case wstest.Informational:
		return informational
	case wstest.NonStrict:
		return nonStrict
	case wstest.Unimplemented:
		return unimplemented
	}
	return failed
}

// result is what a case came to. The names in JSON are those of the field's
// reference suite where it has one.
type result struct {
	ID            string   `json:"id"`
	Group         string   `json:"group"`
	Name          string   `json:"name"`
	Mode          string   `json:"mode"`
	Behavior      string   `json:"behavior"`
	BehaviorClose string   `json:"behaviorClose"`
	Verdict       verdict  `json:"verdict"`
	Why           []string `json:"why,omitempty"`
	Duration      float64  `json:"duration"` // in milliseconds
	CloseCode     int      `json:"remoteCloseCode,omitempty"`
	Received      string   `json:"received"`
	Expected      string   `json:"expected"`
}

func newResult(g game, took time.Duration, r wstest.Report) result {
	res := result{
		ID: g.ID, Group: g.Group(), Name: g.Name, Mode: g.mode.String(),
		Behavior: r.Behavior.String(), BehaviorClose: r.BehaviorClose.String(),
		Verdict:  max(verdictOf(r.Behavior), verdictOf(r.BehaviorClose)),
		Duration: milliseconds(took),
		Received: r.Got(), Expected: r.Wanted(),
	}
	if why := strings.TrimSpace(r.Explanation); why != "" {
		res.Why = strings.Split(why, "\n")
	}
	if r.Close != nil && len(r.Close.Payload) >= 2 {
		res.CloseCode = int(r.Close.Payload[0])<<8 | int(r.Close.Payload[1])
	}
	return res
}

// unreachable is the result where there was no connection to play on.
func unreachable(g game, took time.Duration, err error) result {
	return newResult(g, took, wstest.Report{
		Case: g.Case, Behavior: wstest.Failed, BehaviorClose: wstest.Failed,
		Explanation: "no connection: " + err.Error(),
	})
}
