package trace

import (
	"bytes"
	"compress/flate"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// inflated plays the compressed messages of a server and returns what was seen of
// them.
func inflated(params DeflateParams, messages ...string) []Event {
	var got []Event
	s := NewSession(false, 0, func(e Event) {
		e.Payload = bytes.Clone(e.Payload)
		got = append(got, e)
	})
	s.Deflate(params)
	for _, m := range messages {
		s.Write(codec.Server, time.Time{}, frame(codec.Server, codec.OpText, "RSV1 FIN", m))
	}
	return got
}

// final compresses text into blocks of which the last one says that it is.
func final(t *testing.T, text string) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(text))
	w.Close()
	return out.String()
}

func TestInflate(t *testing.T) {
	with, without := deflater(t, true), deflater(t, false)
	none := DeflateParams{NoTakeover: [2]bool{codec.Server: true}}
	tests := []struct {
		name     string
		params   DeflateParams
		messages []string
		want     []string
	}{
		{"RFC 7692 §7.2.3.1: one block", DeflateParams{}, []string{"\xf2\x48\xcd\xc9\xc9\x07\x00"}, []string{"Hello"}},
		{"RFC 7692 §7.2.3.2: shared window", DeflateParams{}, []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"}, []string{"Hello", "Hello"}},
		{"RFC 7692 §7.2.3.3: stored", DeflateParams{}, []string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}, []string{"Hello"}},
		{"RFC 7692 §7.2.3.4: final block", DeflateParams{}, []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}, []string{"Hello"}},
		{"RFC 7692 §7.2.3.5: two blocks", DeflateParams{}, []string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}, []string{"Hello"}},
		{"RFC 7692 §7.2.3.6: empty", DeflateParams{}, []string{"\x00", "\xf2\x48\xcd\xc9\xc9\x07\x00"}, []string{"", "Hello"}},
		{"without takeover", none, []string{without("abcabcabc"), without("abcabcabc")}, []string{"abcabcabc", "abcabcabc"}},
		{"takeover behind a final block", DeflateParams{}, []string{final(t, "Hello") + "\x00", "\xf2\x00\x11\x00\x00"}, []string{"Hello", "Hello"}},
		{"longer than the window", DeflateParams{}, []string{with(strings.Repeat("0123456789abcdef", 4000)), with("0123456789abcdef")}, []string{strings.Repeat("0123456789abcdef", 4000), "0123456789abcdef"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := inflated(tt.params, tt.messages...)
			if len(got) != len(tt.want) {
				t.Fatalf("%d events, want %d: %+v", len(got), len(tt.want), got)
			}
			for i, want := range tt.want {
				if e := got[i]; e.Kind != Frame || e.Err != nil || string(e.Payload) != want || e.Inflated != len(want) {
					t.Errorf("message %d: %v, error %v, %d bytes %.50q, want %d bytes %.50q", i, e.Kind, e.Err, e.Inflated, e.Payload, len(want), want)
				}
			}
		})
	}
}

func TestInflateFails(t *testing.T) {
	with := deflater(t, true)
	tests := []struct {
		name     string
		params   DeflateParams
		messages []string
		want     error
	}{
		{"reserved block type", DeflateParams{}, []string{"\xff\xff"}, codec.ErrDeflate},
		{"nothing at all", DeflateParams{}, []string{"\xf2\x48\xcd"}, codec.ErrDeflate},
		{"a reference that was not agreed on", DeflateParams{NoTakeover: [2]bool{codec.Server: true}}, []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"}, codec.ErrDeflate},
		{"not UTF-8", DeflateParams{}, []string{with("a\xff")}, codec.ErrText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := inflated(tt.params, tt.messages...)
			last := got[len(got)-1]
			if last.Kind != Violation || last.Err != tt.want || len(got) != len(tt.messages) {
				t.Errorf("%d events, the last %v %v, want a violation: %v", len(got), last.Kind, last.Err, tt.want)
			}
		})
	}
}

// TestInflateStopsAtItsLimit has a message be longer than a trace is willing to
// inflate, and looks at what becomes of the one behind it.
func TestInflateStopsAtItsLimit(t *testing.T) {
	const limit = 1 << 20
	bomb := strings.Repeat("\x00", limit+1)
	stored := strings.Repeat("\x00\xff\xff\x00\x00"+bomb[:0xFFFF], limit/0xFFFF+1)
	tests := []struct {
		name     string
		takeover bool
		first    string
		then     error
	}{
		{"inflated, with takeover", true, deflater(t, false)(bomb), errWindowLost},
		{"inflated, without", false, deflater(t, false)(bomb), nil},
		{"compressed, with takeover", true, stored, errWindowLost},
		{"compressed, without", false, stored, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newInflater(DeflateParams{NoTakeover: [2]bool{codec.Server: !tt.takeover}}, codec.Server)
			d.MaxMessage = limit
			for p := range slices.Chunk([]byte(tt.first), 4096) {
				d.add(p, false)
			}
			if held := cap(d.Message()); held > 2*limit {
				t.Errorf("%d bytes held of a message of %d, want at most twice the limit of %d", held, len(tt.first), limit)
			}
			if _, err := d.end(); err != errInflateLimit {
				t.Errorf("end of more than the limit: %v, want %v", err, errInflateLimit)
			}
			d.add([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), false)
			if message, err := d.end(); err != tt.then || err == nil && string(message) != "Hello" {
				t.Errorf("end of the next message: %q, %v, want %v", message, err, tt.then)
			}
		})
	}
}

var zeros [64 << 10]byte
