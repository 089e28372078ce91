package connect

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/tidwall/pretty"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
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
