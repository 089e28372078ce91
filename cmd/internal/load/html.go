package load

import (
	_ "embed"
	"html/template"
	"io"
	"reflect"
	"slices"

	"github.com/dustin/go-humanize"
)

// The parts of the page. uPlot draws the charts; its licence goes where it goes.
var (
	//go:embed report/page.html
	pageSource string
	//go:embed report/style.css
	styleSource string
	//go:embed report/report.js
	scriptSource string
	//go:embed report/uPlot.iife.min.js
	librarySource string
	//go:embed report/uPlot.LICENSE
	libraryLicence string
	//go:embed report/uPlot.min.css
	libraryStyle string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"comma":     func(n any) string { return humanize.Comma(reflect.ValueOf(n).Int()) },
	"perSecond": func(n float64) string { return humanize.Comma(int64(n + .5)) },
	"bytes":     func(n int64, seconds float64) string { return humanize.IBytes(uint64(ratio(float64(n), seconds))) },
	"duration":  duration,
}).Parse(pageSource))

// writeHTML writes the result as one page that needs nothing else.
func (r *Result) writeHTML(w io.Writer) error {
	return page.Execute(w, struct {
		*Result
		Styles          template.CSS
		Library, Script template.JS
	}{r, template.CSS(libraryStyle + styleSource), template.JS("/*\n" + libraryLicence + "*/\n" + librarySource), template.JS(scriptSource)})
}

// Wrong returns how many errors there were, of these kinds if there are any.
func (r *Result) Wrong(kinds ...fault) (n int64) {
	for _, f := range r.Errors {
		if len(kinds) == 0 || slices.Contains(kinds, f.Kind) {
			n += f.Count
		}
	}
	return n
}

// BusyPercent returns Busy in per cent.
func (c Client) BusyPercent() float64 { return 100 * c.Busy }
