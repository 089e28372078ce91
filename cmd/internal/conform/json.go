package conform

import (
	"encoding/json"
	"io"
)

// writeJSON writes the report as one JSON object.
func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
