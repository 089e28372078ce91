//go:build unix

package connect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/zerowire/websocket"
)

// What keys send (ECMA-48, and what terminals made of it).
const (
	enter     = "\r"
	up        = "\x1b[A"
	down      = "\x1b[B"
	right     = "\x1b[C"
	left      = "\x1b[D"
	home      = "\x1b[H"
	end       = "\x1b[F"
	del       = "\x1b[3~"
	backspace = "\x7f"
	altLeft   = "\x1b[1;3D"
)

// digits are more than a row.
var digits = strings.Repeat("0123456789", 10)

func ctrl(letter byte) string { return string(rune(letter & 0x1f)) }

// connected starts the command at a terminal and waits until it is connected.
func connected(t *testing.T, args ...string) (*terminal, *peer, *websocket.Conn) {
	t.Helper()
	p := newPeer(t)
	x := startTerminal(t, t.TempDir(), nil, append(args, p.url)...)
	c := p.conn(t)
	x.wantScreen(t, "> |")
	return x, p, c
}

func send(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.OpText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestPromptSendsAndShows(t *testing.T) {
	x, p, c := connected(t)
	x.press(t, "hello")
	x.wantScreen(t, "> hello|")
	x.press(t, enter)
	p.wantMessage(t, "hello")
	send(t, c, "and you")
	x.wantScreen(t, "> hello", "< and you", "> |")
	x.press(t, enter) // sends nothing
	x.press(t, "more"+enter)
	p.wantMessage(t, "more")
}

func TestPromptEdits(t *testing.T) {
	x, p, _ := connected(t, "--no-history")
	for _, tt := range []struct{ name, keys, want string }{
		{"insert in front", "ello" + home + "h", "hello"},
		{"insert behind", "ell" + ctrl('a') + "h" + ctrl('e') + "o", "hello"},
		{"arrows", "held" + left + left + right + backspace + "ll" + end + backspace + "o", "hello"},
		{"delete", "xhello" + home + del, "hello"},
		{"Ctrl-D in a line", "xhello" + home + ctrl('d'), "hello"},
		{"to the end", "hello world" + strings.Repeat(left, 6) + ctrl('k'), "hello"},
		{"to the start", "a world hello" + strings.Repeat(left, 5) + ctrl('u'), "hello"},
		{"word", "hello world" + ctrl('w') + "you", "hello you"},
		{"word by word", "say world" + altLeft + "hello ", "say hello world"},
		{"wide characters", "你好吗" + left + left + backspace + "再", "再好吗"},
		{"pasted lines are one message", pasted("{\r\t\"a\": 1\r\n}"), "{\n\t\"a\": 1\n}"},
		{"pasted into what is typed", "<>" + left + pasted("a\rb"), "<a\nb>"},
		{"pasted NUL, as STOMP has it", pasted("CONNECT\raccept-version:1.2\r\r\x00"), "CONNECT\naccept-version:1.2\n\n\x00"},
		{"pasted escape sequences", pasted("\x1b[A\x7f\x03"), "\x1b[A\x7f\x03"},
		{"pasted characters of the private range", pasted("a\U0010FE0Ab"), "a\U0010FE0Ab"},
		{"more pasted than is read at once", pasted(strings.Repeat("äöü\r", 3000)), strings.Repeat("äöü\n", 3000)},
		{"typed NUL", "a" + ctrl('@') + "b", "a\x00b"},
		{"escapes after /text", `/text SEND\n\n\0\x41\u{1F600}\\ `, "SEND\n\n\x00A😀\\ "},
		{"no escapes otherwise", `a\nb`, `a\nb`},
		{"completed command", "/he\t" + home + "/", "/help"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x.press(t, tt.keys+enter)
			p.wantMessage(t, tt.want)
		})
	}
}

func TestMessageArrivesWhileTyping(t *testing.T) {
	x, p, c := connected(t)
	x.press(t, "half a"+left)
	x.wantScreen(t, "> half |a")
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"short", "first", []string{"< first"}},
		{"several lines", "one\ntwo", []string{"< one", "  two"}},
		{"wider than the terminal", digits, []string{"< " + digits[:columns-2], digits[columns-2:]}},
		{"higher than the terminal", lines(rows + 5), []string{"  line 15", "  line 16", "  line 17"}},
		{"empty", "", []string{"<"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send(t, c, tt.text)
			x.wantScreen(t, append(tt.want, "> half |a")...)
		})
	}
	x.press(t, "of "+enter)
	p.wantMessage(t, "half of a")
}

func TestLongLineScrolls(t *testing.T) {
	x, p, c := connected(t)
	text := digits + digits
	x.press(t, text)
	x.wantScreen(t, "> "+text[len(text)-(columns-3):]+"|")
	send(t, c, "above")
	x.wantScreen(t, "< above", "> "+text[len(text)-(columns-3):]+"|")
	x.press(t, home)
	x.wantScreen(t, "> |"+text[:columns-3])
	x.press(t, enter)
	p.wantMessage(t, text)
}

func TestResizeRedraws(t *testing.T) {
	x, _, _ := connected(t)
	text := digits[:60]
	x.press(t, text)
	x.wantScreen(t, "> "+text+"|")
	x.mu.Lock()
	x.screen.Resize(40, rows)
	x.mu.Unlock()
	if err := pty.Setsize(x.tty, &pty.Winsize{Cols: 40, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	x.wantScreen(t, "> "+text[len(text)-37:]+"|")
}

func TestClearScreen(t *testing.T) {
	x, _, c := connected(t)
	send(t, c, "above")
	x.wantScreen(t, "< above", "> |")
	x.press(t, "half"+ctrl('l'))
	x.wantOutput(t, "\x1b[2J")
	x.wantScreen(t, "> half|")
	if lines, _, _ := x.seen(); len(lines) != 1 {
		t.Errorf("the screen shows %q, want the line alone", lines)
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	x, _, c := connected(t)
	send(t, c, "\x1b]0;title\a\x1b[2Jhidden\r\u009b5A\u202ereversed")
	x.wantScreen(t, `< \u001b]0;title\u0007\u001b[2Jhidden\u000d\u009b5A\u202ereversed`, "> |")
}

func TestSuspend(t *testing.T) {
	x, p, _ := connected(t)
	x.press(t, "he"+ctrl('z'))
	x.wantRaw(t, false)
	x.wantRaw(t, true)
	x.wantScreen(t, "> he|")
	x.press(t, "llo"+enter)
	p.wantMessage(t, "hello")
	x.press(t, ctrl('c'))
	x.wantExit(t, 0)
}

func TestTraceIsAbovePrompt(t *testing.T) {
	x, p, c := connected(t, "--trace")
	x.wantOutput(t, "101 Switching Protocols")
	x.press(t, "half")
	x.wantScreen(t, "> half|")
	send(t, c, "above")
	x.wantScreen(t, "< above", "> half|")
	x.wantOutput(t, `"above"`)
	x.press(t, enter)
	p.wantMessage(t, "half")
	x.wantOutput(t, `"half"`)
}

func TestNoColour(t *testing.T) {
	p := newPeer(t)
	for _, tt := range []struct {
		name, env string
		coloured  bool
	}{
		{"as it is", "", true},
		{"NO_COLOR", "1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := startTerminal(t, t.TempDir(), []string{"NO_COLOR=" + tt.env}, "--json", p.url)
			c := p.conn(t)
			send(t, c, `{"a":1}`)
			x.wantScreen(t, "< {", `    "a": 1`, "  }", "> |")
			x.press(t, ctrl('c'))
			x.wantExit(t, 0)
			<-p.closed
			x.mu.Lock()
			defer x.mu.Unlock()
			if got := strings.Contains(string(x.output), "\x1b[3"); got != tt.coloured {
				t.Errorf("coloured: %t, want %t, in %q", got, tt.coloured, x.output)
			}
		})
	}
}

// lines returns n lines of text.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// pasted is how a terminal passes on text that is pasted.
func pasted(text string) string { return pasteBegins + text + pasteEnds }

func TestPromptShowsWhatItSends(t *testing.T) {
	x, p, _ := connected(t, "--no-history")
	x.press(t, pasted("a\rb\x00\xff"))
	x.wantScreen(t, "> a␊b␀\ufffd")
	x.press(t, enter)
	x.wantOutput(t, "not sent: it is not UTF-8: --binary sends any bytes")
	x.press(t, `/text \xff`+enter)
	x.wantOutput(t, "/text: it is not UTF-8")
	x.press(t, "next"+enter)
	p.wantMessage(t, "next")
}

func TestEscapesAtPrompt(t *testing.T) {
	x, p, _ := connected(t, "--no-history", "--escapes")
	x.press(t, `a\tb\0`+enter)
	p.wantMessage(t, "a\tb\x00")
	x.press(t, `a\q`+enter)
	x.wantOutput(t, "is no escape: want")
}

// TestPasteInPieces translates what is pasted however it is divided.
func TestPasteInPieces(t *testing.T) {
	const before, text, behind = "ab\x1b[Aä", "c\r\n\x00\xc3(ä\x1b[201x\r", "d\x00"
	in := before + pasted(text) + behind
	want := "c\n\x00\xc3(ä\x1b[201x\n"
	for size := 1; size <= len(in); size++ {
		var k keys
		var out []byte
		for rest := []byte(in); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			out = k.translate(out, rest[:min(size, len(rest))])
		}
		got := string(carried(string(out)))
		if whole := before + pasted(want) + behind; got != whole {
			t.Errorf("in pieces of %d bytes: got %q, want %q", size, got, whole)
		}
	}
}
