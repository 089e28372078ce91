package wstest

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

func TestCasesAreComplete(t *testing.T) {
	counts := map[string]int{"1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "9": 54, "10": 1}
	total := 0
	for group, want := range counts {
		if got := len(Cases(group)); got != want {
			t.Errorf("Cases(%q) has %d cases, want %d", group, got, want)
		}
		total += want
	}
	if got := len(Cases()); got != total {
		t.Errorf("Cases() has %d cases, want %d", got, total)
	}
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.ID] {
			t.Errorf("case %s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Name == "" || len(c.Closing.Codes) == 0 {
			t.Errorf("case %s: Name = %q, Closing.Codes = %v, want both", c.ID, c.Name, c.Closing.Codes)
		}
	}
}

func TestCasesFilter(t *testing.T) {
	for _, tt := range []struct {
		prefixes    []string
		first, last string
		n           int
	}{
		{[]string{"1"}, "1.1.1", "1.2.8", 16},
		{[]string{"6.4"}, "6.4.1", "6.4.4", 4},
		{[]string{"7.9.1"}, "7.9.1", "7.9.1", 1},
		{[]string{"10", "2"}, "2.1", "10.1.1", 12},
		{nil, "1.1.1", "10.1.1", 301},
	} {
		got := Cases(tt.prefixes...)
		if len(got) != tt.n || got[0].ID != tt.first || got[len(got)-1].ID != tt.last {
			t.Errorf("Cases(%q): %d cases, %s to %s; want %d, %s to %s",
				tt.prefixes, len(got), got[0].ID, got[len(got)-1].ID, tt.n, tt.first, tt.last)
		}
	}
	if got := Cases("8"); len(got) != 0 {
		t.Errorf("Cases(8) has %d cases, want none", len(got))
	}
}

// TestUTF8Families holds unicode/utf8's answer against what the table says.
func TestUTF8Families(t *testing.T) {
	for _, family := range utf8Families {
		valid := 0
		for _, s := range family.texts {
			if utf8.ValidString(s) {
				valid++
			}
		}
		if valid != family.valid {
			t.Errorf("%s %s: %d of %d texts are valid, want %d", family.id, family.name, valid, len(family.texts), family.valid)
		}
	}
	for n := 1; n <= len(kosme); n++ {
		invalid := slices.Contains([]int{1, 3, 4, 6, 8, 10}, n)
		if got := !utf8.ValidString(kosme[:n]); got != invalid {
			t.Errorf("the first %d bytes of the Greek word: invalid = %t, want %t", n, got, invalid)
		}
	}
}

// TestBytes reads the bytes of each case back: they have to be the frames of the
// script, and a Close frame at the end where the suite closes.
func TestBytes(t *testing.T) {
	for _, masked := range []bool{false, true} {
		for _, c := range Cases("1", "2", "3", "4", "5", "6", "7", "9.3.1", "10") {
			var want []string
			script := c.Script()
			for _, s := range script.Steps {
				switch s := s.(type) {
				case Send:
					for _, f := range s.Frames {
						want = append(want, f.String())
					}
				case Part:
					if s.From == 0 {
						want = append(want, s.Frame.String())
					}
				}
			}
			if c.Closing.By == Suite && !script.sendsClose() {
				want = append(want, Close(1000, "").String())
			}
			var got []string
			r := bytes.NewReader(c.Bytes(masked))
			for {
				f, m, err := ReadFrame(r)
				if err == io.EOF {
					break
				}
				if err != nil || m != masked {
					t.Fatalf("%s: ReadFrame: masked %t, %v; want masked %t, no error", c.ID, m, err, masked)
				}
				got = append(got, f.String())
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: Bytes(%t)\n got %q\nwant %q", c.ID, masked, got, want)
			}
		}
	}
}

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		id     string
		fails  bool
		codes  []codec.StatusCode
		events []string
	}{
		{"2.2", false, []codec.StatusCode{1000}, []string{`ping 13 "Hello, world!"`}},
		{"2.8", false, []codec.StatusCode{1000}, nil},
		{"3.2", true, []codec.StatusCode{1002}, []string{`text 13 "Hello, world!"`}},
		{"5.6", false, []codec.StatusCode{1000}, []string{`ping 12 "ping payload"`, `text 18 "fragment1fragment2"`}},
		{"6.4.1", true, []codec.StatusCode{1007}, nil},
		{"7.3.6", true, []codec.StatusCode{1002}, nil},
		{"7.5.1", true, []codec.StatusCode{1002, 1007}, nil},
		{"7.7.5", false, []codec.StatusCode{1007, 1000}, nil},
	} {
		got := Cases(tt.id)[0].Outcome()
		var events []string
		for _, e := range got.Events {
			events = append(events, e.String())
		}
		if got.Fails != tt.fails || !slices.Equal(got.Codes, tt.codes) || !slices.Equal(events, tt.events) {
			t.Errorf("%s: Outcome() = %t, %d, %q; want %t, %d, %q",
				tt.id, got.Fails, codes(got.Codes), events, tt.fails, codes(tt.codes), tt.events)
		}
	}
}

func TestPayloads(t *testing.T) {
	if len(textPattern)%2 == 0 {
		t.Errorf("len(textPattern) = %d, want an odd length", len(textPattern))
	}
	for n := range 300 {
		if b := TextPayload(n); len(b) != n || !utf8.Valid(b) {
			t.Errorf("TextPayload(%d): %d bytes, valid %t; want %d, true", n, len(b), utf8.Valid(b), n)
		}
		if b := BinaryPayload(n); len(b) != n || n > 0 && utf8.Valid(b) {
			t.Errorf("BinaryPayload(%d): %d bytes, valid UTF-8 %t; want %d, false", n, len(b), utf8.Valid(b), n)
		}
	}
}
