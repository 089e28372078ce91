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
