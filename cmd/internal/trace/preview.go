package trace

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ellipsis stands for what is not shown.
const ellipsis = "…"

// appendQuoted appends the beginning of a text in quotes, in at most width
// characters, with what cannot be printed escaped as in Go. p is the text or its
// beginning, total its length in bytes.
func appendQuoted(dst, p []byte, width int, total uint64) []byte {
	dst = append(dst, '"')
	dst, n := appendEscaped(dst, p, width, `"\`)
	dst = append(dst, '"')
	if uint64(n) < total {
		dst = append(dst, ellipsis...)
	}
	return dst
}

// Clip returns text with what cannot be printed, and the characters of special, escaped
// as in Go. It has at most width characters, of which the last one is "…" if there is
// more.
func Clip(text []byte, width int, special string) string {
	shown, n := appendEscaped(nil, text, width, special)
	if n < len(text) {
		shown, _ = appendEscaped(shown[:0], text, width-1, special)
		shown = append(shown, ellipsis...)
	}
	return string(shown)
}

// appendEscaped appends as much of p as fits into width characters, and returns how
// many bytes of it that are.
func appendEscaped(dst, p []byte, width int, special string) ([]byte, int) {
	n := 0
	for n < len(p) {
		r, size := utf8.DecodeRune(p[n:])
		before := len(dst)
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, '\\', 'x', hexDigits[p[n]>>4], hexDigits[p[n]&0xF])
		case strings.ContainsRune(special, r):
			dst = append(dst, '\\', byte(r))
		case strconv.IsPrint(r):
			dst = append(dst, p[n:n+size]...)
		default:
			dst = strconv.AppendQuoteRune(dst, r)
			dst = append(dst[:before], dst[before+1:len(dst)-1]...) // without its quotes
		}
		if width -= utf8.RuneCount(dst[before:]); width < 0 {
			return dst[:before], n
		}
		n += size
	}
	return dst, n
}

const hexDigits = "0123456789abcdef"

// appendHex appends as much of a payload in hexadecimal as fits into width
// characters. p is the payload or its beginning, total its length in bytes.
func appendHex(dst, p []byte, width int, total uint64) []byte {
	n := min(len(p), (width+1)/3)
	dst = fmt.Appendf(dst, "% x", p[:n])
	if uint64(n) < total {
		dst = append(append(dst, ' '), ellipsis...)
	}
	return dst
}
