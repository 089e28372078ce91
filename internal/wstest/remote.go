package wstest

import (
	"fmt"
	"strings"
)

// Got shows on one line what the peer sent, its Close frame included.
func (r Report) Got() string { return list(r.Received, r.Close) }

// Wanted shows on one line what the peer had to send, and how to close.
func (r Report) Wanted() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, closed by the %s", list(r.Want, nil), r.Case.Closing.By)
	if r.Case.Closing.Clean {
		b.WriteString(", cleanly")
	}
	fmt.Fprintf(&b, " with one of %d", codes(r.Case.Closing.Codes))
	return b.String()
}
