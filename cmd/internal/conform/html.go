package conform

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	// class makes of a verdict the name of its colour.
	"class": func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "-")) },
}).Parse(page))

// writeHTML writes the report as a page that needs nothing else.
func (r *report) writeHTML(w io.Writer) error { return pageTemplate.Execute(w, r) }
