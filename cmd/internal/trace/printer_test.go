package trace

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

func TestPrinter(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 1000, time.UTC)
	text := Event{
		Time: noon, Kind: Frame, From: codec.Client, Message: codec.OpText, HeaderSize: 2,
		Header: codec.Header{Opcode: codec.OpText, Fin: true, Length: 5}, Payload: []byte("Hello"),
	}
	long := text
	long.Payload, long.Header.Length = []byte(strings.Repeat("ä", 50)), 1<<20
	tests := []struct {
		name    string
		printer *Printer
		event   Event
		want    string
	}{
		{"time of the day", &Printer{}, text, "12:00:00.000001 → text         FIN                    5 \"Hello\"\n"},
		{"cut", &Printer{Width: 8}, long, "12:00:00.000001 → text         FIN               1048576 \"ääääääää\"…\n"},
		{"colours", &Printer{Color: true}, text, "\x1b[2m12:00:00.000001 \x1b[0m\x1b[36m→ \x1b[0m\x1b[1mtext         \x1b[0mFIN      \x1b[2m         \x1b[0m     5 \"Hello\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.printer.W = &out
			tt.printer.Print(tt.event)
			if out.String() != tt.want {
				t.Errorf("Print(%+v)\n got %q\nwant %q", tt.event, out.String(), tt.want)
			}
		})
	}
}

func TestPreview(t *testing.T) {
	tests := []struct {
		name  string
		p     string
		total int // more than len(p) if p is only the beginning
		width int
		want  string
	}{
		{"empty", "", 0, 10, `""`},
		{"plain", "Hello", 5, 10, `"Hello"`},
		{"just fits", "Hello", 5, 5, `"Hello"`},
		{"one too many", "Hello!", 6, 5, `"Hello"…`},
		{"quotes", `a"b\c`, 5, 10, `"a\"b\\c"`},
		{"control characters", "a\n\x00\x1b[31m", 8, 20, `"a\n\x00\x1b[31m"`},
		{"an escape does not fit", "abcd\n", 5, 5, `"abcd"…`},
		{"beyond ASCII", "世界🌍", 10, 10, `"世界🌍"`},
		{"what reorders a line", "\u202eab", 5, 10, `"\u202eab"`},
		{"not UTF-8", "a\xffb", 3, 10, `"a\xffb"`},
		{"the rest is not here", "Hello", 50, 10, `"Hello"…`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(appendQuoted(nil, []byte(tt.p), tt.width, uint64(tt.total))); got != tt.want {
				t.Errorf("appendQuoted(%q, %d, %d) = %s, want %s", tt.p, tt.width, tt.total, got, tt.want)
			}
		})
	}
}

// TestEveryLineIsOne prints every code point, and counts lines.
func TestEveryLineIsOne(t *testing.T) {
	for r := range rune(0x30000) {
		got := string(appendQuoted(nil, []byte(string(r)), 20, 1))
		if strings.ContainsAny(got, "\r\n\u0085\u2028\u2029\x1b") || !utf8.ValidString(got) {
			t.Fatalf("appendQuoted(%U) = %q, want what can be printed in a line", r, got)
		}
	}
}
