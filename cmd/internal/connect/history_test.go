//go:build unix

package connect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHistoryAtPrompt(t *testing.T) {
	state := t.TempDir()
	talk := func(args []string, steps func(*terminal, *peer)) {
		t.Helper()
		p := newPeer(t)
		x := startTerminal(t, state, nil, append(args, p.url)...)
		p.conn(t)
		x.wantScreen(t, "> |")
		steps(x, p)
		x.press(t, ctrl('c'))
		x.wantExit(t, 0)
	}
	talk(nil, func(x *terminal, p *peer) {
		for _, line := range []string{"first", "second", "second", " secret", "first again"} {
			x.press(t, line+enter)
			p.wantMessage(t, line)
		}
		x.press(t, "draft"+up+up)
		x.wantScreen(t, "> draft|") // nothing begins so
		x.press(t, ctrl('u')+up+up)
		x.wantScreen(t, "> second|")
		x.press(t, down+down)
		x.wantScreen(t, "> |")
	})
	talk([]string{"--no-history"}, func(x *terminal, p *peer) {
		x.press(t, up+"unkept"+enter)
		p.wantMessage(t, "unkept")
	})
	talk(nil, func(x *terminal, p *peer) {
		x.press(t, "fi"+up)
		x.wantScreen(t, "> first again|")
		x.press(t, up)
		x.wantScreen(t, "> first|")
		x.press(t, up) // there is no older one
		x.press(t, down+down)
		x.wantScreen(t, "> fi|")
		x.press(t, up+enter)
		p.wantMessage(t, "first again")
	})
	path := filepath.Join(state, "zerowire", "connect_history")
	got, err := os.ReadFile(path)
	if want := "first\nsecond\nfirst again\n"; err != nil || string(got) != want {
		t.Errorf("history is %q (%v), want %q", got, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("history has mode %v (%v), want that nobody else may read it", info.Mode(), err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	var b strings.Builder
	for i := range 3 * maxHistory {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one reads what the first one has written
		h := &history{path: path}
		if err := h.read(); err != nil {
			t.Fatal(err)
		}
		if len(h.lines) != maxHistory || h.lines[0] != fmt.Sprintf("line %d", 2*maxHistory) {
			t.Fatalf("%d lines from %q, want the last %d", len(h.lines), h.lines[0], maxHistory)
		}
	}
	if got, _ := os.ReadFile(path); strings.Count(string(got), "\n") != maxHistory {
		t.Errorf("the file has %d lines, want %d", strings.Count(string(got), "\n"), maxHistory)
	}
}
