package reach

import (
	"fmt"
	"strings"
)

// Printable returns text with everything escaped that could move the cursor of a
// terminal, change its state, or show characters in another order than they have:
// what a peer sends must not do that. The escapes are those of JSON, so that JSON
// stays JSON.
func Printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < 0x20, 0x7f <= r && r < 0xa0: // C0, DEL, C1
		return true
	}
	return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 // bidirectional formatting (UAX #9 §2)
}
