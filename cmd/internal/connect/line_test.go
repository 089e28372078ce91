package connect

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// What is shown of a line fits into the row, and the cursor is at its place in it.
func TestLineRow(t *testing.T) {
	const columns = 13 // of which 10 are for the text
	for _, tt := range []struct {
		name   string
		before string // the cursor
		behind string
		want   string // with the cursor as |
	}{
		{"empty", "", "", "|"},
		{"short", "ab", "c", "ab|c"},
		{"full", "0123456789", "", "0123456789|"},
		{"longer, at its end", "0123456789ab", "", "23456789ab|"},
		{"longer, at its start", "", "0123456789ab", "|0123456789"},
		{"wide", "你好", "吗", "你好|吗"},
		{"wide and longer", "一二三四五六", "", "二三四五六|"},
		{"half of a wide one does not fit", "1", "一二三四五", "1|一二三四"},
		{"combining", "e\u0301", "x", "e\u0301|x"},
		{"one out of several", "👩\u200d👩\u200d👧", "x", "👩\u200d👩\u200d👧|x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &line{columns: func() int { return columns }, text: []rune(tt.before + tt.behind), cursor: len([]rune(tt.before))}
			before, behind, _ := strings.Cut(tt.want, "|")
			want := mark + before + behind + "\r\x1b[" + string(rune('0'+(len(mark)+uniseg.StringWidth(before))/10)) + string(rune('0'+(len(mark)+uniseg.StringWidth(before))%10)) + "C"
			want = strings.Replace(want, "[0", "[", 1)
			if got := l.row(); got != want {
				t.Errorf("row() with the cursor at %d of %q = %q, want %q", l.cursor, tt.before+tt.behind, got, want)
			}
		})
	}
}

// The part that is shown moves as little as it has to.
func TestLineScrolls(t *testing.T) {
	l := &line{columns: func() int { return 13 }, text: []rune("0123456789abcdef")}
	for _, tt := range []struct {
		name          string
		cursor, start int
	}{
		{"start", 0, 0}, {"still fits", 10, 0}, {"behind it", 12, 2}, {"back within it", 5, 2},
		{"before it", 1, 1}, {"end", 16, 6}, {"start again", 0, 0},
	} {
		l.cursor = tt.cursor
		if l.row(); l.start != tt.start {
			t.Errorf("%s: with the cursor at %d the row starts with rune %d, want %d", tt.name, tt.cursor, l.start, tt.start)
		}
	}
}

// A terminal without a column is no reason to panic.
func TestLineInNarrowTerminal(t *testing.T) {
	for columns := range 5 {
		l := &line{columns: func() int { return columns }, text: []rune("你a好"), cursor: 2, hint: "hint"}
		if got := l.row(); !strings.HasPrefix(got, mark) {
			t.Errorf("row() in %d columns = %q, want the mark at its start", columns, got)
		}
	}
}
