package connect

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/dustin/go-humanize/english"
	"github.com/tidwall/pretty"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/trace"
)

// output is what a session prints to. It may be used concurrently: what is
// printed in one call stays together, and above the prompt if there is one.
type output struct {
	terminal bool // messages go to a terminal
	colours  bool // and may be coloured

	mu       sync.Mutex
	messages io.Writer
	notices  io.Writer // what is not a message
	faint    bool      // notices may be coloured
	failed   error     // why messages could not be printed; nil if all could
	prompt   *line     // what is being typed below; nil if there is no prompt
}

func newOutput() *output {
	o := &output{
		terminal: isTerminal(os.Stdout),
		colours:  trace.Colors(os.Stdout),
		messages: os.Stdout,
		notices:  os.Stderr,
		faint:    trace.Colors(os.Stderr),
	}
	if atPrompt() {
		o.notices, o.faint = o.messages, o.colours
	}
	return o
}

// err returns what kept messages from being printed.
func (o *output) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		return fmt.Errorf("standard output: %w", o.failed)
	}
	return nil
}

// notice prints a line about the connection.
func (o *output) notice(format string, args ...any) { o.line(colourFaint, format, args) }

// complaint prints a line about something that went wrong.
func (o *output) complaint(format string, args ...any) { o.line(colourRed, format, args) }

func (o *output) line(colour, format string, args []any) {
	text := fmt.Sprintf(format, args...)
	if o.faint {
		text = colour + text + colourOff
	}
	o.print(o.notices, []byte(text+"\n"))
}

// noticeWriter makes notices of what is written to it, whole lines.
type noticeWriter struct{ *output }

func (w noticeWriter) Write(p []byte) (int, error) {
	w.print(w.notices, p)
	return len(p), nil
}

// print prints text to w, which is messages or notices, above the prompt if there is one.
func (o *output) print(w io.Writer, text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if o.prompt != nil {
		err = o.prompt.above(text)
	} else {
		_, err = w.Write(text)
	}
	if w == o.messages {
		o.failed = cmp.Or(o.failed, err)
	}
}

// The colours in use (ECMA-48 §8.3.117).
const (
	colourFaint = "\x1b[2m"
	colourRed   = "\x1b[31m"
	colourGreen = "\x1b[32m"
	colourCyan  = "\x1b[36m"
	colourOff   = "\x1b[0m"
)

// maxDump is how many bytes of a binary message a terminal is shown.
const maxDump = 4 << 10

// view says how messages are shown.
type view struct {
	terminal bool // to somebody who reads them at a terminal
	marked   bool // with a sign that they were received
	colours  bool
	json     bool // JSON is laid out
	raw      bool // the bytes of binary messages are written as they are
}

func (c *Command) view(out *output) view {
	return view{
		terminal: out.terminal,
		marked:   atPrompt(),
		colours:  out.colours,
		json:     c.JSON,
		raw:      c.Binary && !out.terminal,
	}
}

// message returns what is to be printed for a message. p is not changed.
func (v view) message(op websocket.Opcode, p []byte) []byte {
	switch {
	case op == websocket.OpBinary && v.raw:
		return p
	case op == websocket.OpBinary:
		return v.mark(v.dump(p))
	case v.json && json.Valid(p):
		return v.mark(v.layOut(p))
	case v.terminal:
		return v.mark(reach.Printable(string(p)) + "\n")
	}
	return append(bytes.Clone(p), '\n')
}

// layOut returns p, which is JSON, with one member to a line.
func (v view) layOut(p []byte) string {
	text := pretty.Pretty(p)
	if v.terminal {
		text = []byte(reach.Printable(string(text)))
	}
	if v.colours {
		text = pretty.Color(text, nil)
	}
	return string(text)
}

// dump returns p as hex, with its size above.
func (v view) dump(p []byte) string {
	shown := p
	if v.terminal {
		shown = p[:min(len(p), maxDump)]
	}
	text := fmt.Sprintf("%s\n%s", english.Plural(len(p), "byte", ""), hex.Dump(shown))
	if more := len(p) - len(shown); more > 0 {
		text += fmt.Sprintf("… %s more: --binary and > FILE for all of them\n", english.Plural(more, "byte", ""))
	}
	return text
}

// mark puts the sign for what was received before text, and as much space before
// its further lines.
func (v view) mark(text string) []byte {
	if !v.marked {
		return []byte(text)
	}
	sign := "< "
	if v.colours {
		sign = colourGreen + "<" + colourOff + " "
	}
	text = strings.TrimSuffix(text, "\n")
	return []byte(sign + strings.ReplaceAll(text, "\n", "\n  ") + "\n")
}
