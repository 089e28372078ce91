package load

import (
	"embed"
	"html/template"
	"io"
	"reflect"
	"slices"

	"github.com/dustin/go-humanize"
)

// The files of the page. uPlot draws the charts; its licence goes where it goes.
//
//go:embed report
var files embed.FS

func file(name string) string {
	content, err := files.ReadFile("report/" + name)
	if err != nil {
		panic(err) // the files are part of the binary
	}
	return string(content)
}

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"comma":     func(n any) string { return humanize.Comma(reflect.ValueOf(n).Int()) },
	"perSecond": func(n float64) string { return humanize.Comma(int64(n + .5)) },
	"bytes":     func(n int64, seconds float64) string { return humanize.IBytes(uint64(ratio(float64(n), seconds))) },
	"duration":  duration,
	"css":       func(name string) template.CSS { return template.CSS(file(name)) },
	"js":        func(name string) template.JS { return template.JS(file(name)) },
	"comment":   func(name string) template.JS { return template.JS("/*\n" + file(name) + "*/\n") },
}).Parse(file("page.html")))

// writeHTML writes the result as one page that needs nothing else.
func (r *Result) writeHTML(w io.Writer) error { return page.Execute(w, r) }

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
