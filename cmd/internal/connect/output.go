package connect

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"

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
