package connect

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// mark is what a line that is typed begins with: as many columns as it has bytes.
const mark = "> "

// line is the row of the terminal that a line is typed in, the last one. A line that
// is longer than the row is shown in part. An output guards it.
type line struct {
	terminal io.Writer
	columns  func() int
	colours  bool

	text   []rune
	cursor int    // index in text
	hint   string // how the text could go on
	start  int    // index of the first rune shown
}

// above prints text, which ends with a newline, above the line. The terminal is in
// raw mode.
func (l *line) above(text []byte) error {
	return l.write("\r\x1b[K" + strings.ReplaceAll(string(text), "\n", "\r\n") + l.row())
}

// draw shows the line as it is now.
func (l *line) draw() { l.write("\r\x1b[K" + l.row()) }

// leave shows all of the line, and goes on below it.
func (l *line) leave() { l.write("\r\x1b[K" + l.mark() + string(l.text) + "\r\n") }

func (l *line) write(s string) error {
	_, err := io.WriteString(l.terminal, s)
	return err
}

func (l *line) mark() string {
	if l.colours {
		return colourCyan + ">" + colourOff + " "
	}
	return mark
}

// row returns what shows the line in an empty row, and ends with the cursor at its
// place in it.
func (l *line) row() string {
	room := max(l.columns()-len(mark)-1, 1) // the last column stays free: there a terminal would go to the next row
	l.scroll(room)
	before := string(l.text[l.start:l.cursor])
	width := ansi.StringWidth(before)
	shown := before + ansi.Truncate(string(l.text[l.cursor:]), room-width, "")
	if l.cursor == len(l.text) && l.hint != "" {
		shown += "\x1b[2m" + ansi.Truncate(l.hint, room-width, "") + colourOff
	}
	return l.mark() + shown + fmt.Sprintf("\r\x1b[%dC", len(mark)+width)
}

// scroll chooses which part of the text is shown in room columns: one that the cursor
// is in.
func (l *line) scroll(room int) {
	l.start = min(l.start, l.cursor)
	width := 0
	for i := l.cursor; i > l.start; i-- {
		width += ansi.StringWidth(string(l.text[i-1]))
		if width > room {
			l.start = i
		}
	}
}
