//go:build unix

package connect

import (
	"testing"

	"syscall"

	"github.com/zerowire/websocket"
)

// Whatever ends the command, the exit code says whether it was in order, and the
// terminal is as it was before.
func TestLeave(t *testing.T) {
	press := func(keys string) func(*testing.T, *terminal, *websocket.Conn) {
		return func(t *testing.T, x *terminal, _ *websocket.Conn) { x.press(t, keys) }
	}
	closes := func(code websocket.StatusCode, reason string) func(*testing.T, *terminal, *websocket.Conn) {
		return func(t *testing.T, _ *terminal, c *websocket.Conn) { c.Close(code, reason) }
	}
	for _, tt := range []struct {
		name   string
		leave  func(*testing.T, *terminal, *websocket.Conn)
		code   websocket.StatusCode // of the Close frame that the server receives
		reason string
		exit   int
		last   string // line on the screen
	}{
		{"Ctrl-C", press(ctrl('c')), 1000, "", 0, "closed: 1000 normal closure"},
		{"Ctrl-C in a line", press("half" + ctrl('c')), 1000, "", 0, "closed: 1000 normal closure"},
		{"Ctrl-D", press(ctrl('d')), 1000, "", 0, "closed: 1000 normal closure"},
		{"/quit", press("/quit" + enter), 1000, "", 0, "closed: 1000 normal closure"},
		{"/close", press("/close" + enter), 1000, "", 0, "closed: 1000 normal closure"},
		{"/close with a code", press("/close 4321 that was all" + enter), 4321, "that was all", 0, "closed: 4321"},
		{"server goes away", closes(1001, "restart"), 1001, "", 0, `closed by the server: 1001 going away: "restart"`},
		{"server closes without a code", closes(1005, ""), 1005, "", 0, "closed by the server: 1005 no status received"},
		{"server closes because of us", closes(1008, "be polite"), 1008, "", 1, `zerowire: closed by the server: 1008 policy violation: "be polite"`},
		{"server closes while something is typed", func(t *testing.T, x *terminal, c *websocket.Conn) {
			x.press(t, "half")
			x.wantScreen(t, "> half|")
			c.Close(1000, "")
		}, 1000, "", 0, "closed by the server: 1000 normal closure"},
		{"SIGTERM", func(t *testing.T, x *terminal, _ *websocket.Conn) {
			x.cmd.Process.Signal(syscall.SIGTERM)
		}, 1000, "", 130, "zerowire: interrupted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, p, c := connected(t)
			x.wantRaw(t, true)
			go func() {
				for range p.received {
				}
			}()
			tt.leave(t, x, c)
			p.wantClose(t, tt.code, tt.reason)
			x.wantExit(t, tt.exit)
			x.wantScreen(t, tt.last, "|")
			close(p.received)
		})
	}
}

func TestLeaveWithoutCloseFrame(t *testing.T) {
	x, _, c := connected(t)
	x.press(t, "half")
	x.wantScreen(t, "> half|")
	c.CloseNow()
	x.wantExit(t, 1)
	x.wantScreen(t, "zerowire: the connection ended without a Close frame (1006)", "|")
}

func TestCommands(t *testing.T) {
	x, p, _ := connected(t)
	for _, tt := range []struct{ name, typed, want string }{
		{"ping", "/ping", "Pong after "},
		{"ping with text", "/ping you", "/ping takes no text"},
		{"help", "/help", "//TEXT                  send /TEXT"},
		{"unknown", "/nothing much", "there is no command /nothing: /help lists them, and //nothing much sends /nothing much"},
		{"no code", "/close now", `/close: "now" is no status code`},
		{"code that may not be sent", "/close 1006", "/close: close: codec: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x.press(t, tt.typed+enter)
			x.wantOutput(t, tt.want)
		})
	}
	x.press(t, "//slash"+enter)
	p.wantMessage(t, "/slash")
	x.press(t, "///"+enter)
	p.wantMessage(t, "//")
}

func TestPings(t *testing.T) {
	x, _, _ := connected(t, "--ping=10ms")
	for range 2 {
		x.wantOutput(t, "Pong after ")
		x.mu.Lock()
		x.output = nil
		x.mu.Unlock()
	}
}

func TestBinaryAtPrompt(t *testing.T) {
	x, p, c := connected(t, "--binary")
	for _, tt := range []struct{ name, typed, want string }{
		{"hex", "de ad BEEF", "de ad be ef"},
		{"escapes", `a\x00\n\\é`, "61 00 0a 5c c3 a9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x.press(t, tt.typed+enter)
			p.wantMessage(t, tt.want)
		})
	}
	for _, tt := range []struct{ name, typed, want string }{
		{"no hex", "hello", errBytes.Error()},
		{"half a byte", "abc", errBytes.Error()},
		{"no escape", `\q`, "is no escape: want"},
		{"no character", `\u{D800}`, `\u{D800 is no character`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x.press(t, tt.typed+enter)
			x.wantOutput(t, "not sent: ")
			x.wantOutput(t, tt.want)
			x.mu.Lock()
			x.output = nil
			x.mu.Unlock()
		})
	}
	if err := c.Write(t.Context(), websocket.OpBinary, []byte("hex\x00")); err != nil {
		t.Fatal(err)
	}
	x.wantScreen(t, "< 4 bytes", "  00000000  68 65 78 00                                       |hex.|", "> ")
}
