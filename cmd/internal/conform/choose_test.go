package conform

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	tests := []struct {
		name           string
		cases, exclude []string
		want           []string // the first, the last, and how many if 3
		count          int
	}{
		{"a case", []string{"7.9.1"}, nil, []string{"7.9.1", "7.9.1"}, 1},
		{"a group is no prefix of digits", []string{"1"}, nil, []string{"1.1.1", "1.2.8"}, 16},
		{"a group with a star", []string{"1.*"}, nil, []string{"1.1.1", "1.2.8"}, 16},
		{"part of a group", []string{"6.4"}, nil, []string{"6.4.1", "6.4.4"}, 4},
		{"a star in the middle", []string{"1.*.8"}, nil, []string{"1.1.8", "1.2.8"}, 2},
		{"several, in the table's order", []string{"10", " 2.1"}, nil, []string{"2.1", "10.1.1"}, 2},
		{"compression", []string{"12", "13.7"}, nil, []string{"12.1.1", "13.7.18"}, 108},
		{"without some", []string{"2"}, []string{"2.1", "2.10"}, []string{"2.2", "2.11"}, 9},
		{"without a group", []string{"1", "2"}, []string{"1.*"}, []string{"2.1", "2.11"}, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := command("")
			c.Cases, c.Exclude = tt.cases, tt.exclude
			got, err := c.choose()
			if err != nil {
				t.Fatal(err)
			}
			ends := []string{got[0].ID, got[len(got)-1].ID}
			if !slices.Equal(ends, tt.want) || len(got) != tt.count {
				t.Errorf("choose() with --cases %q --exclude %q: %q, %d cases; want %q, %d", tt.cases, tt.exclude, ends, len(got), tt.want, tt.count)
			}
		})
	}
}

func TestChooseRefuses(t *testing.T) {
	tests := []struct {
		name string
		c    Command
		want string
	}{
		{"no number", Command{Cases: []string{"all"}}, `--cases: "all" is not the number`},
		{"a half number", Command{Cases: []string{"6.4*"}}, `"6.4*" is not the number`},
		{"no such case", Command{Cases: []string{"8"}}, "there is no case 8"},
		{"no such case to leave out", Command{Exclude: []string{"6.99"}}, "--exclude: there is no case 6.99"},
		{"nothing left", Command{Cases: []string{"2"}, Exclude: []string{"*"}}, "leave no case"},
		{"nobody plays", Command{Parallel: -1}, "--parallel"},
		{"nothing to send", Command{Messages: -1}, "--messages"},
		{"no patience", Command{Patience: -time.Second}, "--patience"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.c.Parallel == 0 {
				tt.c.Parallel = 1
			}
			if tt.c.Messages == 0 {
				tt.c.Messages = 1
			}
			if tt.c.Patience == 0 {
				tt.c.Patience = time.Second
			}
			if got, err := tt.c.choose(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("choose() = %d cases, %v; want an error with %q", len(got), err, tt.want)
			}
		})
	}
}
