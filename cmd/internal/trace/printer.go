package trace

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/zerowire/websocket/codec"
)

// Printer writes Events for people, one line each; a Handshake takes a line for
// each of its own.
//
//	12:30:00.000123 → text         FIN      37fa213d     5 "Hello"
//	12:30:00.000311 ← close        FIN                  5 1000 normal closure "bye"
//
// The columns are the time, the direction (→ is from the client), the opcode, the flags,
// the masking key if there is one, the payload's length in bytes on the wire, and the
// payload as far as it fits. It is safe for concurrent use.
type Printer struct {
	W       io.Writer
	Color   bool // use ANSI escape sequences
	Offsets bool // begin with the offset in the stream, in bytes
	Width   int  // characters of payload to show; 0 means defaultWidth

	mu   sync.Mutex
	line []byte
}

// Colors reports whether what is written to f may be coloured: it is a terminal,
// and NO_COLOR is not set (https://no-color.org).
func Colors(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Print writes e.
func (p *Printer) Print(e Event) { p.PrintOf(0, e) }

// PrintOf writes e with the number of the connection in front, unless that is 0.
func (p *Printer) PrintOf(connection int, e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = p.line[:0]
	if e.Kind == Handshake {
		for line := range bytes.Lines(bytes.TrimRight(e.Head, "\r\n")) {
			p.begin(connection, e)
			p.styled(styleFaint, "%s", Clip(bytes.TrimRight(line, "\r\n"), maxHeadLine, ""))
			p.line = append(p.line, '\n')
		}
	} else {
		p.begin(connection, e)
		p.event(e)
		p.line = append(bytes.TrimRight(p.line, " "), '\n')
	}
	p.W.Write(p.line)
}

// How many characters are shown of a head's line, and of a payload if no Width is set.
const (
	maxHeadLine  = 200
	defaultWidth = 60
)

// begin appends what every line begins with.
func (p *Printer) begin(connection int, e Event) {
	place := ""
	if !e.Time.IsZero() {
		place = e.Time.Format("15:04:05.000000 ")
	}
	if p.Offsets {
		place += fmt.Sprintf("%8d ", e.Offset)
	}
	if connection > 0 {
		place += fmt.Sprintf("#%d ", connection)
	}
	p.styled(styleFaint, "%s", place)
	if e.From == codec.Client {
		p.styled(styleSent, "→ ")
	} else {
		p.styled(styleReceived, "← ")
	}
}

// event appends an event that takes one line.
func (p *Printer) event(e Event) {
	if e.HeaderSize > 0 {
		p.header(e.Header)
		p.line = append(p.line, ' ')
	}
	switch e.Kind {
	case Frame:
		p.payload(e)
		if e.Err != nil {
			p.styled(styleBad, " (%v)", e.Err)
		}
	case Violation:
		if len(e.Payload) > 0 {
			p.payload(e)
			p.line = append(p.line, ' ')
		}
		rule, section := Rule(e.Err)
		if section != "" {
			rule += " (" + section + ")"
		}
		p.styled(styleBad, "VIOLATION by the %s: %s", e.From, rule)
	case Cut:
		p.styled(styleBad, "INCOMPLETE: %v", e.Err)
	}
}

// header appends opcode, flags, key and length.
func (p *Printer) header(h codec.Header) {
	style, key := styleData, ""
	if h.Opcode.IsControl() {
		style = styleControl
	}
	if h.Masked {
		key = hex.EncodeToString(h.Key[:])
	}
	p.styled(style, "%-12s ", OpcodeName(h.Opcode))
	p.line = fmt.Appendf(p.line, "%-8s ", Flags(h))
	p.styled(styleFaint, "%-9s", key)
	p.line = fmt.Appendf(p.line, "%6d", h.Length)
}

// payload appends what a frame carries.
func (p *Printer) payload(e Event) {
	if e.Header.Length == 0 && e.Inflated == 0 {
		return
	}
	length, width := e.Header.Length, cmp.Or(p.Width, defaultWidth)
	switch {
	case e.Message == codec.OpClose:
		p.closing(e.Payload, width)
		return
	case e.Compressed && !e.onWire():
		p.line = fmt.Appendf(p.line, "inflated %d ", e.Inflated)
		length = uint64(e.Inflated)
	case e.Compressed:
		p.line = append(p.line, "compressed "...)
		p.line = appendHex(p.line, e.Payload, width, length)
		return
	}
	if e.Message == codec.OpBinary || e.Message.IsReserved() {
		p.line = appendHex(p.line, e.Payload, width, length)
	} else {
		p.line = appendQuoted(p.line, e.Payload, width, length)
	}
}

// closing appends code and reason of a Close frame.
func (p *Printer) closing(payload []byte, width int) {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		p.line = appendHex(p.line, payload, width, uint64(len(payload)))
		return
	}
	p.line = fmt.Appendf(p.line, "%d %s", code, code)
	if len(reason) > 0 {
		p.line = append(p.line, ' ')
		p.line = appendQuoted(p.line, reason, width, uint64(len(reason)))
	}
}

// OpcodeName is the name of an opcode, and the number of a reserved one.
func OpcodeName(op codec.Opcode) string {
	if op.IsReserved() {
		return "reserved " + strconv.FormatUint(uint64(op), 16)
	}
	return op.String()
}

// Flags names the bits that are set in front of an opcode.
func Flags(h codec.Header) string {
	var flags []string
	if h.Fin {
		flags = append(flags, "FIN")
	}
	for _, n := range reservedBits(h) {
		flags = append(flags, "RSV"+strconv.Itoa(n))
	}
	return strings.Join(flags, " ")
}

// reservedBits returns the numbers of the reserved bits that are set.
func reservedBits(h codec.Header) (set []int) {
	for i, bit := range []uint8{codec.RSV1, codec.RSV2, codec.RSV3} {
		if h.RSV&bit != 0 {
			set = append(set, i+1)
		}
	}
	return set
}

// ANSI styles: colours that are legible on light and on dark ground.
const (
	styleFaint    = "2"
	styleSent     = "36"
	styleReceived = "35"
	styleData     = "1"
	styleControl  = "33"
	styleBad      = "1;31"
)

// styled appends a text in a style.
func (p *Printer) styled(style, format string, args ...any) {
	if p.Color {
		format = "\x1b[" + style + "m" + format + "\x1b[0m"
	}
	p.line = fmt.Appendf(p.line, format, args...)
}

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
		case strings.ContainsRune(special, r):
			dst = append(dst, '\\', byte(r))
		case strconv.IsPrint(r) && (r != utf8.RuneError || size > 1):
			dst = append(dst, p[n:n+size]...)
		default:
			dst = strconv.AppendQuote(dst, string(p[n:n+size]))
			dst = append(dst[:before], dst[before+1:len(dst)-1]...) // without its quotes
		}
		if width -= utf8.RuneCount(dst[before:]); width < 0 {
			return dst[:before], n
		}
		n += size
	}
	return dst, n
}

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
