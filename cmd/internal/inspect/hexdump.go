package inspect

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// dump reads the lines of a hex dump. The first line says which program's it is.
type dump struct {
	style  *regexp.Regexp // nil for plain digits
	begun  bool
	offset uint64 // of the next byte
	last   []byte // the bytes of the line before
	repeat bool   // a line "*" stands for copies of it, up to the next offset
}

// dumpStyles are how programs write a line: an offset, the bytes in hexadecimal, and the
// same as text. Each has two groups, for offset and bytes.
var dumpStyles = []*regexp.Regexp{
	regexp.MustCompile(`^([0-9a-fA-F]{4,16}):\s+((?:[0-9a-fA-F]{2,}\s)*[0-9a-fA-F]{2,})?(?:\s{2,}.*)?$`),            // xxd
	regexp.MustCompile(`^([0-9a-fA-F]{4,16})(?:\s{1,3}((?:[0-9a-fA-F]{2}\s{1,2})*[0-9a-fA-F]{2}))?(?:\s+[|>].*)?$`), // hexdump -C, od -A x -t x1z
	regexp.MustCompile(`^([0-9a-fA-F]{4,16})\s{2,3}((?:[0-9a-fA-F]{2} )*[0-9a-fA-F]{2})\s{2,}.*$`),                  // packet viewers
}

var (
	errNoHex = errors.New("not a hex dump")
	noise    = regexp.MustCompile(`#.*|0[xX]|\\x|[\s,:;]+`)
)

// line appends the bytes of a line to dst.
func (d *dump) line(dst, line []byte) ([]byte, error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return dst, nil
	}
	if !d.begun {
		d.style, d.begun = styleOf(line), true
	}
	if d.style == nil {
		return hex.AppendDecode(dst, noise.ReplaceAll(line, nil))
	}
	if string(line) == "*" && len(d.last) > 0 {
		d.repeat = true
		return dst, nil
	}
	m := d.style.FindSubmatch(line)
	if m == nil {
		return dst, errNoHex
	}
	offset, err := strconv.ParseUint(string(m[1]), 16, 64)
	if err != nil {
		return dst, errNoHex
	}
	if d.repeat {
		if dst, err = d.fill(dst, offset); err != nil {
			return dst, err
		}
	}
	if offset != d.offset {
		return dst, fmt.Errorf("offset %x where %x was to be expected: a line is missing", offset, d.offset)
	}
	if d.last, err = hex.AppendDecode(d.last[:0], bytes.Join(bytes.Fields(m[2]), nil)); err != nil {
		return dst, err
	}
	d.offset += uint64(len(d.last))
	return append(dst, d.last...), nil
}

// maxFill bounds what one "*" may stand for, in bytes.
const maxFill = 64 << 20

// fill appends copies of the last line up to offset.
func (d *dump) fill(dst []byte, offset uint64) ([]byte, error) {
	d.repeat = false
	if offset < d.offset || offset-d.offset > maxFill {
		return dst, fmt.Errorf("offset %x behind %x and a \"*\"", offset, d.offset)
	}
	for ; d.offset+uint64(len(d.last)) <= offset; d.offset += uint64(len(d.last)) {
		dst = append(dst, d.last...)
	}
	return dst, nil
}

// styleOf returns the style of a dump that begins with line; nil for plain digits.
func styleOf(line []byte) *regexp.Regexp {
	for _, style := range dumpStyles {
		m := style.FindSubmatch(line)
		if m != nil && len(m[2]) > 0 && len(bytes.Trim(m[1], "0")) == 0 {
			return style
		}
	}
	return nil
}

// newHexReader returns what reads the bytes that a hex dump stands for.
func newHexReader(r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		var d dump
		lines := bufio.NewReader(r)
		for number := 1; ; number++ {
			line, end := lines.ReadBytes('\n')
			p, err := d.line(nil, line)
			if in.Write(p); err != nil {
				end = fmt.Errorf("hex dump, line %d: %w", number, err)
			}
			if end != nil {
				in.CloseWithError(end)
				return
			}
		}
	}()
	return out
}
