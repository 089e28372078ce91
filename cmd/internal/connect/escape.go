package connect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseBytes reads the bytes of a binary message: pairs of hex digits, or, if there
// is a backslash in it, text with escapes.
func parseBytes(line string) ([]byte, error) {
	if strings.Contains(line, `\`) {
		return unescape(line)
	}
	var p []byte
	for word := range strings.FieldsSeq(line) {
		b, err := hex.DecodeString(word)
		if err != nil {
			return nil, errBytes
		}
		p = append(p, b...)
	}
	return p, nil
}

// unescape returns line with its escapes replaced: those of Go, \0 and \u{…}.
func unescape(line string) ([]byte, error) {
	var p []byte
	for line != "" {
		if digits, ok := strings.CutPrefix(line, `\u{`); ok {
			digits, rest, closed := strings.Cut(digits, "}")
			r, err := strconv.ParseUint(digits, 16, 32)
			if err != nil || !closed || !utf8.ValidRune(rune(r)) {
				return nil, fmt.Errorf(`\u{%.12s is no character: want hex digits in braces, such as \u{1F600}`, digits)
			}
			p, line = utf8.AppendRune(p, rune(r)), rest
			continue
		}
		r, multibyte, rest, err := strconv.UnquoteChar(line, 0)
		switch {
		case err != nil && strings.HasPrefix(line, `\0`): // not followed by two more octal digits
			r, rest = 0, line[2:]
		case err != nil:
			return nil, fmt.Errorf(`%.4q is no escape: want \n, \r, \t, \\, \0, \xHH or \u{H…}`, line)
		}
		if multibyte {
			p = utf8.AppendRune(p, r)
		} else {
			p = append(p, byte(r))
		}
		line = rest
	}
	return p, nil
}

var errBytes = errors.New(`want pairs of hex digits, such as "de ad be ef", or text with escapes, such as "\x00\n"`)
