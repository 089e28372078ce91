package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket"
)

func TestLogLine(t *testing.T) {
	long := strings.Repeat("x", logLineLength)
	tests := []struct {
		name string
		op   websocket.Opcode
		p    string
		want string
	}{
		{"empty text", websocket.OpText, "", ""},
		{"text", websocket.OpText, "hello, wire", "hello, wire"},
		{"beyond ASCII", websocket.OpText, "Grüße, 世界 🌍", "Grüße, 世界 🌍"},
		{"line breaks", websocket.OpText, "a\r\nb\tc", `a\r\nb\tc`},
		{"control characters", websocket.OpText, "\x00\x1b[31m\x7f", `\x00\x1b[31m\x7f`},
		{"a backslash is no escape", websocket.OpText, `a\nb`, `a\\nb`},
		{"what reorders a line", websocket.OpText, "\u202egnp.exe\u2028", `\u202egnp.exe\u2028`},
		{"as long as a line", websocket.OpText, long, long},
		{"one longer", websocket.OpText, long + "x", long[1:] + "…"},
		{"an escape at the cut", websocket.OpText, long[2:] + "\n", long[2:] + `\n`},
		{"an escape across the cut", websocket.OpText, long[1:] + "\n", long[1:] + "…"},
		{"empty binary", websocket.OpBinary, "", "[0 bytes] "},
		{"binary", websocket.OpBinary, "\x00\xffz", "[3 bytes] 00 ff 7a"},
		{"long binary", websocket.OpBinary, strings.Repeat("\xab", 5000), "[5000 bytes] " + strings.Repeat("ab ", logBinaryBytes) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := logLine(tt.op, []byte(tt.p)); got != tt.want {
				t.Errorf("logLine(%v, %.200q)\n got %q\nwant %q", tt.op, tt.p, got, tt.want)
			}
		})
	}
}

func TestLogLineOfAnyTextIsOneShortLine(t *testing.T) {
	t.Parallel()
	for r := range rune(0x30000) {
		if !utf8.ValidRune(r) {
			continue
		}
		text := bytes.Repeat([]byte(string(r)), logLineLength+1)
		got := logLine(websocket.OpText, text)
		if n := utf8.RuneCountInString(got); n > logLineLength || strings.ContainsAny(got, "\r\n\u0085\u2028\u2029") {
			t.Fatalf("logLine(%U repeated) = %q, %d characters, want one line of at most %d", r, got, n, logLineLength)
		}
	}
}

func TestEnding(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a Close frame", &websocket.CloseError{Code: 4001, Reason: "that\nis all"}, `[code=4001 reason=that\nis all]`},
		{"no Close frame", errors.New("reset"), "[code=1006 error=reset]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(ending(tt.err)); got != tt.want {
				t.Errorf("ending(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}
