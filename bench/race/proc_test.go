package main

import (
	"testing"
	"time"
)

func TestParseSchedstat(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       time.Duration
		bad        bool
	}{
		{"busy", "1754005759 260574055 281\n", 1754005759, false},
		{"new", "0 0 1\n", 0, false},
		{"cut", "1754005759\n", 0, true},
		{"no number", "a b c\n", 0, true},
		{"empty", "", 0, true},
	} {
		if got, err := parseSchedstat([]byte(tt.file)); got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%s: parseSchedstat(%q) = %v, %v, want %v, an error: %v", tt.name, tt.file, got, err, tt.want, tt.bad)
		}
	}
}

func TestParseStat(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       time.Duration
		bad        bool
	}{
		{"plain", "23970 (bash) S 23958 23958 16205 0 -1 4194304 182 0 0 0 175 12 3 4 20 0 1 0 241356", 1870 * time.Millisecond, false},
		{"name with parentheses and spaces", "1 (a) b (c)) R 1 1 1 0 -1 1 1 0 0 0 7 5 0 0 20 0", 120 * time.Millisecond, false},
		{"cut", "1 (a) S 1 1 1 0 -1 1 1 0 0 0 7", 0, true},
		{"no name", "1 2 3", 0, true},
		{"no number", "1 (a) S 1 1 1 0 -1 1 1 0 0 0 x 5 0 0", 0, true},
	} {
		if got, err := parseStat([]byte(tt.file)); got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%s: parseStat(%q) = %v, %v, want %v, an error: %v", tt.name, tt.file, got, err, tt.want, tt.bad)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       int64
		bad        bool
	}{
		{"among others", "Name:\tx\nVmHWM:\t    9999 kB\nVmRSS:\t    2052 kB\nRssAnon:\t 1 kB\n", 2052 << 10, false},
		{"missing", "Name:\tx\n", 0, true},
		{"other unit", "VmRSS:\t 2 MB\n", 0, true},
		{"no number", "VmRSS:\t x kB\n", 0, true},
	} {
		if got, err := parseStatus([]byte(tt.file)); got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%s: parseStatus(%q) = %d, %v, want %d, an error: %v", tt.name, tt.file, got, err, tt.want, tt.bad)
		}
	}
}
