package connect

import (
	"bytes"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

func TestView(t *testing.T) {
	prompt := view{terminal: true, marked: true}
	for _, tt := range []struct {
		name string
		view view
		op   websocket.Opcode
		p    string
		want string
	}{
		{"text to a pipe, as it is", view{}, websocket.OpText, "a\x1b[2J\nb", "a\x1b[2J\nb\n"},
		{"text to a terminal", view{terminal: true}, websocket.OpText, "a\x1b[2J\n\tb\x7f", "a\\u001b[2J\n\tb\\u007f\n"},
		{"text at a prompt", prompt, websocket.OpText, "a\nb", "< a\n  b\n"},
		{"nothing at a prompt", prompt, websocket.OpText, "", "< \n"},
		{"text above a prompt in colours", view{terminal: true, marked: true, colours: true}, websocket.OpText, "a", "\x1b[32m<\x1b[0m a\n"},
		{"JSON", view{json: true}, websocket.OpText, `{"b":1.0,"a":[]}`, "{\n  \"b\": 1.0,\n  \"a\": []\n}\n"},
		{"JSON at a prompt", view{terminal: true, marked: true, json: true}, websocket.OpText, `{"b":1}`, "< {\n    \"b\": 1\n  }\n"},
		{"JSON that hides what it says", view{terminal: true, json: true}, websocket.OpText, "\"a\u202eb\u0085\"", `"a\u202eb\u0085"` + "\n"},
		{"no JSON", view{json: true}, websocket.OpText, `{"b":1`, `{"b":1` + "\n"},
		{"bytes to a pipe", view{}, websocket.OpBinary, "a", "1 byte\n00000000  61                                                |a|\n"},
		{"bytes as they are", view{raw: true}, websocket.OpBinary, "\x00\x1b", "\x00\x1b"},
		{"text among bytes as they are", view{raw: true}, websocket.OpText, "a", "a\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := []byte(tt.p)
			if got := string(tt.view.message(tt.op, p)); got != tt.want {
				t.Errorf("%+v.message(%v, %q) = %q, want %q", tt.view, tt.op, tt.p, got, tt.want)
			}
			if string(p) != tt.p {
				t.Errorf("%+v.message(%v, %q) has changed the message to %q", tt.view, tt.op, tt.p, p)
			}
		})
	}
}

func TestTerminalIsShownTheBeginning(t *testing.T) {
	p := bytes.Repeat([]byte("x"), maxDump+10)
	got := string(view{terminal: true}.message(websocket.OpBinary, p))
	if lines := strings.Count(got, "\n"); lines != maxDump/16+2 || !strings.HasSuffix(got, "\n… 10 bytes more: --binary and > FILE for all of them\n") {
		t.Errorf("%d lines, want %d; the last is %q", lines, maxDump/16+2, got[strings.LastIndex(got[:len(got)-1], "\n")+1:])
	}
	if got := string(view{}.message(websocket.OpBinary, p)); strings.Count(got, "78") < len(p) {
		t.Errorf("a pipe is not given all %d bytes", len(p))
	}
}
