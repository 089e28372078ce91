package trace

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestViolations has each rule broken behind a frame that breaks none. A strict
// Session reports it with its place, and nothing behind it.
func TestViolations(t *testing.T) {
	for _, tt := range violations {
		t.Run(tt.name, func(t *testing.T) {
			broken := unhex(t, tt.hex)
			input := append(frame(tt.from, codec.OpPing, "FIN", "x"), broken...)
			for _, step := range []int{1, len(input)} {
				var errs []error
				got := decode(tt.from, input, step, true, func(e Event) {
					if e.Err != nil {
						errs = append(errs, e.Err)
					}
				})
				if len(got) != 2 || got[1] != tt.line() {
					t.Errorf("% x, %d bytes at a time:\n got %s\nwant %s", broken, step, strings.Join(got[1:], "\n     "), tt.line())
				}
				if len(errs) != 1 || errs[0] != tt.err {
					t.Errorf("% x, %d bytes at a time: errors %v, want %v", broken, step, errs, tt.err)
				}
			}
		})
	}
}

// TestViolationsAreNotTheEnd breaks the same rules in a Session that is not strict: it
// reads on with the next frame, unless the length cannot be trusted.
func TestViolationsAreNotTheEnd(t *testing.T) {
	for _, tt := range violations {
		t.Run(tt.name, func(t *testing.T) {
			input := append(frame(tt.from, codec.OpPing, "FIN", "x"), unhex(t, tt.hex)...)
			if tt.name == "ping of 126 bytes" {
				input = append(input, make([]byte, 126)...)
			}
			want := []string{tt.line(), `text FIN 37fa213d 4 "next"`, `ping FIN 37fa213d 0`}
			if tt.from == codec.Server {
				want[1], want[2] = `text FIN 4 "next"`, "ping FIN 0"
			}
			switch {
			case tt.err == codec.ErrLengthOverflow:
				want = want[:1]
			case strings.HasPrefix(tt.name, "close "):
				want[1] = "text FIN 4"
				for i := range want[1:] {
					want[1+i] += " VIOLATION by the server: frame after the Close frame (RFC 6455 §5.5.1)"
				}
			}
			input = append(input, frame(tt.from, codec.OpText, "FIN", "next")...)
			input = append(input, frame(tt.from, codec.OpPing, "FIN", "")...)
			for _, step := range []int{1, len(input)} {
				got := decode(tt.from, input, step, false, func(Event) {})[1:]
				for i := range got[1:] {
					fields := strings.Fields(got[1+i])
					got[1+i] = strings.Join(fields[2:], " ") // without offset and arrow
				}
				if !slices.Equal(got, want) {
					t.Errorf("%d bytes at a time:\n got %s\nwant %s", step, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				}
			}
		})
	}
}

// TestViolationsShowTheirPayload looks at what a broken frame carries, and at one that
// breaks a rule and does not come to its end.
func TestViolationsShowTheirPayload(t *testing.T) {
	tests := []struct {
		name string
		from codec.Role
		hex  string
		want []string
	}{
		{"unmasked", codec.Client, "81 05 48 65 6c 6c 6f", []string{`       0 → text         FIN                    5 "Hello" VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)`}},
		{"unmasked fragments", codec.Client, "01 01 61 80 01 62", []string{
			`       0 → text                                1 "a" VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)`,
			`       3 → continuation FIN                    1 "b" VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)`}},
		{"bad text", codec.Server, "81 03 61 ff 62", []string{`       0 ← text         FIN                    3 "a\xffb" VIOLATION by the server: text message is not UTF-8 (RFC 6455 §8.1)`}},
		{"length of 5 in 16 bits, masked", codec.Client, "82 fe 00 05 01 02 03 04 01 02 03 04 01", []string{`       0 → binary       FIN      01020304      5 00 00 00 00 00 VIOLATION by the client: payload length not encoded in the fewest bytes (RFC 6455 §5.2)`}},
		{"reserved opcode", codec.Server, "83 01 41", []string{`       0 ← reserved 3   FIN                    1 41 VIOLATION by the server: reserved opcode (RFC 6455 §5.2)`}},
		{"close", codec.Server, "88 01 03", []string{`       0 ← close        FIN                    1 03 VIOLATION by the server: Close payload of one byte (RFC 6455 §5.5.1)`}},
		{"two rules at once are no header", codec.Server, "f3 01 41 81 01 41", []string{`       0 ← reserved 3   FIN RSV1 RSV2 RSV3               1 VIOLATION by the server: reserved bit set without an extension that defines it (RFC 6455 §5.2)`}},
		{"cut", codec.Server, "89 7e 00 7e 41", []string{
			`       0 ← ping         FIN                  126 "A"… VIOLATION by the server: control frame longer than 125 bytes (RFC 6455 §5.5)`,
			`       0 ← INCOMPLETE: the stream ends inside a frame`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l lines
			s := NewSession(false, 0, l.sink())
			s.Write(tt.from, time.Time{}, unhex(t, tt.hex))
			s.End(tt.from, time.Time{})
			if got := l.all(); !slices.Equal(got, tt.want) {
				t.Errorf("%s:\n got %s\nwant %s", tt.hex, strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
			}
		})
	}
}

// violation is a frame that breaks a rule.
type violation struct {
	name string
	from codec.Role
	hex  string
	want string // behind offset and arrow, but for the payload
	err  error
}

// line is what is printed of it, behind a ping of one byte, but for the payload.
func (v *violation) line() string {
	if v.from == codec.Client {
		return "       7 → " + v.want
	}
	return "       3 ← " + v.want
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// decode returns the lines that a Session makes of what an end sends, without the
// payloads of what breaks a rule.
func decode(from codec.Role, input []byte, step int, strict bool, see func(Event)) []string {
	var l lines
	print := l.sink()
	s := NewSession(false, 0, func(e Event) {
		see(e)
		if e.Kind == Violation {
			e.Payload = nil
		}
		print(e)
	})
	if strict {
		s.Strict()
	}
	for part := range slices.Chunk(input, step) {
		s.Write(from, time.Time{}, part)
	}
	if strict {
		s.Write(from, time.Time{}, frame(from, codec.OpText, "FIN", "not decoded"))
		s.End(from, time.Time{})
	}
	return l.all()
}

var violations = []violation{
	{"reserved bit", codec.Server, "a1 00", "text         FIN RSV2               0 VIOLATION by the server: reserved bit set without an extension that defines it (RFC 6455 §5.2)", codec.ErrReservedBits},
	{"reserved opcode", codec.Server, "83 00", "reserved 3   FIN                    0 VIOLATION by the server: reserved opcode (RFC 6455 §5.2)", codec.ErrReservedOpcode},
	{"16-bit length of 5", codec.Server, "82 7e 00 05 01 02 03 04 05", "binary       FIN                    5 VIOLATION by the server: payload length not encoded in the fewest bytes (RFC 6455 §5.2)", codec.ErrLengthNotMinimal},
	{"64-bit length of 5", codec.Server, "82 7f 00 00 00 00 00 00 00 05 01 02 03 04 05", "binary       FIN                    5 VIOLATION by the server: payload length not encoded in the fewest bytes (RFC 6455 §5.2)", codec.ErrLengthNotMinimal},
	{"length of 2^63", codec.Server, "82 7f 80 00 00 00 00 00 00 00", "binary       FIN               9223372036854775808 VIOLATION by the server: payload length with its most significant bit set (RFC 6455 §5.2)", codec.ErrLengthOverflow},
	{"unmasked client", codec.Client, "81 00", "text         FIN                    0 VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)", codec.ErrUnmasked},
	{"masked server", codec.Server, "81 80 01 02 03 04", "text         FIN      01020304      0 VIOLATION by the server: frame from a server is masked (RFC 6455 §5.1)", codec.ErrMasked},
	{"continuation of nothing", codec.Server, "80 00", "continuation FIN                    0 VIOLATION by the server: continuation frame without a message to continue (RFC 6455 §5.4)", codec.ErrContinuation},
	{"fragmented ping", codec.Server, "09 00", "ping                                0 VIOLATION by the server: fragmented control frame (RFC 6455 §5.5)", codec.ErrControlFragmented},
	{"ping of 126 bytes", codec.Server, "89 7e 00 7e", "ping         FIN                  126 VIOLATION by the server: control frame longer than 125 bytes (RFC 6455 §5.5)", codec.ErrControlTooLong},
	{"close of one byte", codec.Server, "88 01 03", "close        FIN                    1 VIOLATION by the server: Close payload of one byte (RFC 6455 §5.5.1)", codec.ErrCloseTruncated},
	{"close 1005", codec.Server, "88 02 03 ed", "close        FIN                    2 VIOLATION by the server: status code that must not be sent (RFC 6455 §7.4)", codec.ErrCloseStatus},
	{"close reason", codec.Server, "88 03 03 e8 ff", "close        FIN                    3 VIOLATION by the server: Close reason is not UTF-8 (RFC 6455 §5.5.1)", codec.ErrCloseReason},
	{"text", codec.Client, "81 81 01 02 03 04 fe", "text         FIN      01020304      1 VIOLATION by the client: text message is not UTF-8 (RFC 6455 §8.1)", codec.ErrText},
	{"half a code point", codec.Server, "81 01 c3", "text         FIN                    1 VIOLATION by the server: text message is not UTF-8 (RFC 6455 §8.1)", codec.ErrText},
}

func TestViolationOfSequence(t *testing.T) {
	tests := []struct {
		name, first, second string
		err                 error
	}{
		{"text inside a message", "01 00", "81 00", codec.ErrInterleaved},
		{"text after close", "88 00", "81 00", codec.ErrAfterClose},
		{"text that goes on wrongly", "01 01 c3", "80 01 c3", codec.ErrText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Event
			s := NewSession(false, 0, func(e Event) { got = append(got, e) })
			for _, h := range []string{tt.first, tt.second} {
				p, _ := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
				s.Write(codec.Server, time.Time{}, p)
			}
			if len(got) != 2 || got[0].Err != nil || got[1].Kind != Violation || got[1].Err != tt.err {
				t.Errorf("%s, %s: %+v, want a frame and the violation %v", tt.first, tt.second, got, tt.err)
			}
		})
	}
}

// TestRulesAreComplete asks for the section of every rule that the codec knows.
func TestRulesAreComplete(t *testing.T) {
	known := 0
	for i := 1; i < 256; i++ {
		for _, err := range []error{codec.Violation(i), codec.Refusal(i)} {
			unknown := err.Error() == codec.Violation(0).Error() || err.Error() == codec.Refusal(0).Error()
			if unknown {
				continue
			}
			known++
			if rule, section := Rule(err); rule == "" || strings.HasPrefix(rule, "codec") || !strings.Contains(section, " §") {
				t.Errorf("Rule(%v) = %q, %q, want a rule and a section", err, rule, section)
			}
		}
	}
	if known < 50 {
		t.Errorf("%d rules found in the codec, want at least 50", known)
	}
}
